"""What the user reads: errors, JSON lines, tables. rich is imported only for tables and bars."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from kadr_sdk.errors import CancelledError, KadrError
from kadr_sdk.text import printable

if TYPE_CHECKING:
    from kadr_sdk.plugin import Kernel
    from rich.console import Console

__all__ = ["clean", "color_of", "console", "loudness", "plural", "print_error", "print_json", "print_table"]


def clean(text: object) -> str:
    """Text from files and strangers, its lines kept, without anything that steers a terminal."""
    return "\n".join(printable(line, 4000) for line in str(text).split("\n"))


def plural(count: int, word: str) -> str:
    """``1 clip``, ``2 clips``."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def loudness(facts: Mapping[str, float | None]) -> str:
    """``-14.0 LUFS, range 5.2 LU, true peak -1.0 dBTP``; empty without values."""
    words = (
        ("integrated", "{:.1f} LUFS"),
        ("range", "range {:.1f} LU"),
        ("true_peak", "true peak {:.1f} dBTP"),
    )
    return ", ".join(text.format(facts[name]) for name, text in words if facts.get(name) is not None)


def color_of(kernel: Kernel) -> bool | None:
    """The setting ``ui.color``: yes, no, or None where the terminal decides (and ``NO_COLOR`` is unset)."""
    wanted = kernel.config.get("ui.color")
    if wanted == "auto":
        return False if os.environ.get("NO_COLOR") else None
    return bool(wanted == "always")


def print_json(data: Any) -> None:
    """One JSON document on one line; what JSON has no word for (NaN) becomes text."""
    try:
        line = json.dumps(data, ensure_ascii=False, default=str, allow_nan=False)
    except ValueError:
        line = json.dumps(_plain(data), ensure_ascii=False, default=str)
    click.echo(line)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return (
        repr(value) if isinstance(value, float) and (value != value or abs(value) == float("inf")) else value
    )


def print_error(error: KadrError, *, as_json: bool, color: bool | None = None) -> None:
    """The error with every problem, path and remedy, on standard error; as a JSON line on request."""
    stopped = isinstance(error, CancelledError)
    if as_json:
        print_json({"event": "Cancelled" if stopped else "Error"} | error.as_dict())
    elif stopped:
        click.secho("cancelled", fg="yellow", bold=True, err=True, color=color)
    else:
        click.secho("error: ", fg="red", bold=True, nl=False, err=True, color=color)
        click.echo(clean(error), err=True, color=color)


def console(*, stderr: bool = False) -> Console:
    """A rich console that keeps to the colour setting of the command."""
    from rich.console import Console

    context = click.get_current_context(silent=True)
    wanted = context.color if context is not None else None
    return Console(stderr=stderr, highlight=False, soft_wrap=True, no_color=wanted is False or None)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table for people; plain text columns where standard output is no terminal."""
    rows = [[clean(cell).replace("\n", " ") for cell in row] for row in rows]
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
    shown = console()
    shown.soft_wrap = False  # a long cell folds in its column
    shown.print(table)
