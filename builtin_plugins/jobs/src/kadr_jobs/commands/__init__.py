"""``kadr jobs``: the queue of renders, and its runner."""

from __future__ import annotations

from collections.abc import Sequence

import click
from kadr_sdk.plugin import Kernel

from kadr_jobs.commands.group import jobs

__all__ = ["run"]


def run(kernel: Kernel, argv: Sequence[str]) -> int:
    """The entry of the command; the exit code."""
    try:
        code = jobs.main(list(argv), prog_name="kadr jobs", standalone_mode=False, obj=kernel)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        return 0
    return code if isinstance(code, int) else 0
