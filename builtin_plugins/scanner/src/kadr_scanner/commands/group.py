"""The group of commands."""

from __future__ import annotations

import click

from kadr_scanner.commands import finding, making, scanning, studying

__all__ = ["media"]


@click.group(no_args_is_help=True)
def media() -> None:
    """What media files hold, found once and searched; and what is made of them."""


for _command in (*scanning.COMMANDS, *finding.COMMANDS, *making.COMMANDS, *studying.COMMANDS):
    media.add_command(_command)
