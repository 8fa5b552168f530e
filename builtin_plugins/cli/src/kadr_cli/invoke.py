"""Run a click command as a contribution: ``(kernel, argv) -> exit code``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click
from kadr_sdk.plugin import Kernel

from kadr_cli.output import color_of

__all__ = ["as_command"]


def as_command(command: click.Command, name: str = "") -> Callable[[Kernel, Sequence[str]], int]:
    """The entry of a command contribution; the kernel is ``click``'s context object."""

    def run(kernel: Kernel, argv: Sequence[str]) -> int:
        prog, color = f"kadr {name or command.name}", color_of(kernel)
        code = command.main(list(argv), prog_name=prog, standalone_mode=False, obj=kernel, color=color)
        return code if isinstance(code, int) else 0

    return run
