"""What every command of the group works with, and how they talk."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from kadr_sdk.events import Envelope, MediaProgressed, WarningRaised
from kadr_sdk.plugin import Kernel
from kadr_sdk.text import printable

from kadr_scanner.library import Library

__all__ = ["PATH", "Session", "clean", "json_option", "print_json", "seconds", "size", "table"]

F = TypeVar("F", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document a line, for programs.")
_EVENTS = ("FilesDiscovered", "Media", "MetadataReady", "Scan", "ThumbnailReady", "Warning")


@dataclass(frozen=True, slots=True)
class Session:
    """A call of the command."""

    kernel: Kernel
    library: Library

    @contextmanager
    def watching(self, *, as_json: bool) -> Iterator[None]:
        """Show what happens: events as JSON lines, or progress where people look."""
        events = self.kernel.events
        if as_json:
            held = [events.subscribe_envelopes(_print_event, name="media json")]
        else:
            held = [events.subscribe(WarningRaised, _print_warning, name="media warnings")]
            if sys.stderr.isatty():
                held.append(events.subscribe(MediaProgressed, _print_progress, name="media progress"))
        try:
            yield
        finally:
            for subscription in held:
                subscription.cancel()


def _print_event(envelope: Envelope) -> None:
    if envelope.event.name.startswith(_EVENTS):
        print_json(envelope.as_dict())


def _print_warning(event: WarningRaised) -> None:
    where = f"{event.path}: " if event.path else ""
    click.echo(clean(f"warning: {where}{event.message}"), err=True)


def _print_progress(event: MediaProgressed) -> None:
    end = "\n" if event.done >= event.total else ""
    click.echo(f"\r{event.task} {event.done} of {event.total} \x1b[K{end}", nl=False, err=True)


def clean(text: object) -> str:
    """Text from files and strangers without anything that steers a terminal."""
    return printable(str(text).replace("\n", " "), 4000)


def print_json(data: Any) -> None:
    """One document on one line."""
    click.echo(json.dumps(data, ensure_ascii=False, default=str))


def table(rows: Sequence[Sequence[str]]) -> None:
    """Columns of plain text; nothing for no rows."""
    cells = [[clean(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))] if cells else []
    for row in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def seconds(value: float | None) -> str:
    """``0:07.25``, ``1:02:03.00``; a dash where it is not known."""
    if value is None:
        return "-"
    hundredths = round(value * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest // 100:02d}.{rest % 100:02d}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def size(count: int) -> str:
    """Bytes for people."""
    return f"{count / 1e9:.2f} GB" if count >= 10**9 else f"{count / 1e6:.2f} MB"
