"""How the commands are entered, and how they show what they found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click
from kadr_sdk.clicks import click_entry
from kadr_sdk.errors import Problem
from kadr_sdk.plugin import Kernel, PluginContext
from kadr_sdk.text import printable

from kadr_author.desk import Desk

__all__ = ["Command", "as_json", "effect", "folder", "lines", "print_json", "print_problems", "print_table"]

folder = click.argument("folder", type=click.Path(path_type=Path), default=Path(), required=False)
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
effect = click.option("--effect", default="", help="Its id or short name, where the plugin has several.")


class Command:
    """A contribution: its click command gets a :class:`~kadr_author.desk.Desk`."""

    command: click.Command

    def __init__(self, context: PluginContext) -> None:
        self._context = context

    def __call__(self, kernel: Kernel, argv: Sequence[str]) -> int:
        """Run the command; the exit code."""
        run = click_entry(self.command, f"kadr plugin {self.command.name}")
        return run(Desk(kernel, self._context), argv)


def print_json(data: Any) -> None:
    """One document on one line."""
    click.echo(json.dumps(data, ensure_ascii=False))


def lines(text: object) -> str:
    """Text of strangers, its lines kept, without anything that steers a terminal."""
    return "\n".join(printable(line, 4000) for line in str(text).split("\n"))


def print_problems(problems: Iterable[Problem]) -> None:
    """File, rule and remedy of each."""
    for problem in problems:
        click.secho(lines(problem.path) or "plugin", bold=True, nl=False)
        click.echo(f": {lines(problem.message)}")
        if problem.hint:
            click.echo(f"    {lines(problem.hint)}")


def print_table(rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as they need."""
    cells = [[printable(cell, 400) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    for row in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
