"""Watching a render: a bar for people, one event a line for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from kadr_sdk.events import Envelope, RenderProgressed, RenderStarted, WarningRaised

from kadr_cli.output import clean, console, print_json

if TYPE_CHECKING:
    from kadr_sdk.events import Event
    from kadr_sdk.services import EventBus
    from rich.progress import Progress, TaskID

__all__ = ["watching"]

_SHOWN = ("Render", "Segment", "Warning", "MemoryPressure")


@contextmanager
def watching(events: EventBus, *, as_json: bool) -> Iterator[None]:
    """Show the events of a render while the block runs."""
    if as_json:
        subscription = events.subscribe_envelopes(_print_event, name="cli json")
        try:
            yield
        finally:
            subscription.cancel()
    elif sys.stderr.isatty():
        yield from _bar(events)
    else:
        yield from _lines(events)


def _print_event(envelope: Envelope) -> None:
    if envelope.event.name.startswith(_SHOWN):
        print_json(envelope.as_dict())


def _bar(events: EventBus) -> Iterator[None]:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task("planning", total=None, rate="")
        bar = _Bar(progress, task)
        subscriptions = [
            events.subscribe(RenderStarted, bar.started, name="cli bar"),
            events.subscribe(RenderProgressed, bar.progressed, name="cli bar"),
            events.subscribe(WarningRaised, bar.warned, name="cli bar"),
        ]
        try:
            yield
        finally:
            for subscription in subscriptions:
                subscription.cancel()


class _Bar:
    """Moves a rich bar."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def started(self, event: RenderStarted) -> None:
        """Frames are known now."""
        self._progress.update(self._task, description="rendering", total=event.frames)

    def progressed(self, event: RenderProgressed) -> None:
        """Frames done, frames a second and speed against real time."""
        rate = (
            f"{event.fps:5.1f} fps  {event.speed:4.2f}x" if event.stage == "video" else f"{event.speed:4.1f}x"
        )
        self._progress.update(self._task, completed=event.done, total=event.total, rate=rate)

    def warned(self, event: WarningRaised) -> None:
        """A line above the bar."""
        self._progress.console.print(f"warning: {_text(event)}", markup=False)


def _lines(events: EventBus) -> Iterator[None]:
    """Without a terminal: a line at every tenth part."""
    last = [-1]

    def progressed(event: RenderProgressed) -> None:
        tenth = event.done * 10 // max(event.total, 1)
        if tenth > last[0]:
            last[0] = tenth
            click.echo(f"{tenth * 10:3d} %  {event.fps:6.1f} fps  {event.speed:5.2f}x", err=True)

    def warned(event: WarningRaised) -> None:
        click.echo(f"warning: {_text(event)}", err=True)

    subscriptions = [
        events.subscribe(RenderProgressed, progressed, name="cli lines"),
        events.subscribe(WarningRaised, warned, name="cli lines"),
    ]
    try:
        yield
    finally:
        for subscription in subscriptions:
            subscription.cancel()


def _text(event: Event) -> str:
    path, message, hint = (str(getattr(event, name)) for name in ("path", "message", "hint"))
    return clean(f"{path}: {message}" if path else message) + (f" ({clean(hint)})" if hint else "")
