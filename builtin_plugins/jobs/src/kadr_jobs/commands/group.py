"""The group of commands."""

from __future__ import annotations

import click

from kadr_jobs.commands import running, showing, steering

__all__ = ["jobs"]


@click.group(no_args_is_help=True)
def jobs() -> None:
    """Renders in a queue: they wait, run in order of priority, and survive a restart."""


for _command in (*steering.COMMANDS, *showing.COMMANDS, *running.COMMANDS):
    jobs.add_command(_command)
