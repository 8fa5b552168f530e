"""What the user reads: errors, JSON lines, tables. rich is imported only for tables and bars."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click
from kadr_sdk.errors import KadrError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["clean", "console", "print_error", "print_json", "print_table"]


def clean(text: str) -> str:
    """Text from files and strangers without control characters."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)


def print_json(data: Any) -> None:
    """One JSON document on one line."""
    click.echo(json.dumps(data, ensure_ascii=False, default=str))
    sys.stdout.flush()


def print_error(error: KadrError, *, as_json: bool) -> None:
    """The error with every problem, path and remedy, on standard error; as a JSON line on request."""
    if as_json:
        print_json({"event": "Error"} | error.as_dict())
        return
    click.secho("error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(clean(str(error)), err=True)


def console(*, stderr: bool = False) -> Console:
    """A rich console."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table for people; plain text columns where standard output is no terminal."""
    rows = [[clean(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        widths = [max(len(c), *(len(r[i]) for r in rows)) if rows else len(c) for i, c in enumerate(columns)]
        for row in ([*columns], *rows):
            click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)
