"""The group of commands, and what it says of a name that it does not have."""

from __future__ import annotations

import click
from kadr_sdk.errors import NotFoundError

from kadr_jobs.commands import running, showing, steering

__all__ = ["jobs"]


class _Group(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of the first argument.

        Raises:
            NotFoundError: there is none; says which was probably meant.
        """
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise NotFoundError("command of jobs", args[0], self.commands)
        return super().resolve_command(ctx, args)


@click.group(cls=_Group, no_args_is_help=True)
def jobs() -> None:
    """Renders in a queue: they wait, run in order of priority, and survive a restart."""


for _command in (*steering.COMMANDS, *showing.COMMANDS, *running.COMMANDS):
    jobs.add_command(_command)
