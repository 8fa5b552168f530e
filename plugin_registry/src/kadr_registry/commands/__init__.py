"""``kadr registry``: a registry of plugins in a folder, and copies of any registry."""

from __future__ import annotations

import click
from kadr_sdk.clicks import click_entry

from kadr_registry.commands.copies import bundle, mirror, serve, verify
from kadr_registry.commands.operator import accept, add_publisher, init, refresh, revoke, rotate, show
from kadr_registry.commands.publisher import keygen, publish, submit, yank

__all__ = ["run"]


@click.group()
def registry() -> None:
    """Run a registry of plugins in a folder, publish in it, and copy any registry.

    \b
    kadr registry init my-plugins
    kadr registry add-publisher my-plugins org.example
    kadr registry publish my-plugins ./scanlines
    kadr registry serve my-plugins
    """


for _command in (
    *(init, add_publisher, accept, refresh, revoke, rotate, show),
    *(keygen, submit, publish, yank),
    *(mirror, bundle, verify, serve),
):
    registry.add_command(_command)

run = click_entry(registry, "kadr registry")
