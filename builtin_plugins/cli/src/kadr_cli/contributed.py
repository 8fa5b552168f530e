"""Commands that plugins contribute, as click commands; listing them imports none.

The id ``plugin.install`` is the command ``kadr plugin install``: a part before the dot that
names one of the :data:`OPEN_GROUPS` puts the command there.
"""

from __future__ import annotations

from typing import Any

import click
from kadr_sdk.manifest import Contribution
from kadr_sdk.plugin import Kernel

__all__ = ["OPEN_GROUPS", "OpenGroup", "command_of", "group_of"]

OPEN_GROUPS = ("plugin", "system")
"""Groups of this host that take commands of other plugins."""


def group_of(command_id: str) -> str:
    """The open group that a command belongs to; "" where it stands by itself."""
    group, dot, _ = command_id.partition(".")
    return group if dot and group in OPEN_GROUPS else ""


def command_of(kernel: Kernel, row: Contribution, name: str) -> click.Command:
    """A thin command that hands everything after its name to the contribution."""

    def call(args: tuple[str, ...]) -> Any:
        entry = kernel.catalogue.load("command", row.id)
        if callable(entry):
            return entry(kernel, args)
        from kadr_cli.described import described_command  # late: it needs the SDK's parameters

        return described_command(entry, name)(kernel, args)

    return click.Command(
        name,
        callback=call,
        params=[click.Argument(["args"], nargs=-1, type=click.UNPROCESSED)],
        short_help=row.summary,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    )


class OpenGroup(click.Group):
    """Its own commands and those that plugins contribute to it; its own go first."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted."""
        return sorted({*super().list_commands(ctx), *self._contributed(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Its own command, else the contributed one."""
        own = super().get_command(ctx, cmd_name)
        row = self._contributed(ctx).get(cmd_name)
        return own if own is not None or row is None else command_of(ctx.obj, row, cmd_name)

    def _contributed(self, ctx: click.Context) -> dict[str, Contribution]:
        prefix = f"{self.name}."
        rows = ctx.obj.catalogue.all("command")
        return {row.id.removeprefix(prefix): row for row in rows if row.id.startswith(prefix)}
