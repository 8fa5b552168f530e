"""Watching a render: a bar for people, one event a line for programs."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import click

from kadr_cli.output import clean, console, print_json

if TYPE_CHECKING:
    from kadr_sdk.events import Envelope, RenderProgressed, RenderStarted, WarningRaised
    from kadr_sdk.services import EventBus
    from rich.progress import Progress, TaskID

__all__ = ["clock", "pace", "watching"]

_SHOWN = ("Render", "Segment", "Warning", "MemoryPressure")


@contextmanager
def watching(events: EventBus, *, as_json: bool) -> Iterator[None]:
    """Show the events of a render while the block runs."""
    with ExitStack() as stack:
        if as_json:
            subscription = events.subscribe_envelopes(_Lines().put, name="cli json")
            stack.callback(subscription.cancel)
        else:
            shown = stack.enter_context(_bar()) if sys.stderr.isatty() else _Text()
            _subscribe(events, shown, stack)
        yield


def _subscribe(events: EventBus, shown: _Bar | _Text, stack: ExitStack) -> None:
    from kadr_sdk.events import RenderProgressed, RenderStarted, WarningRaised

    handlers: list[tuple[Any, Any]] = [
        (RenderStarted, shown.started),
        (RenderProgressed, shown.progressed),
        (WarningRaised, shown.warned),
    ]
    for kind, handler in handlers:
        stack.callback(events.subscribe(kind, handler, name="cli progress").cancel)


def pace(event: RenderProgressed) -> str:
    """Frames a second and speed against real time; of sound the speed alone."""
    speed = f"{event.speed:.2f}x"
    return f"{event.fps:.1f} fps  {speed}" if event.stage == "video" else speed


def clock(seconds: float) -> str:
    """``0:07``, ``1:02:03``; nothing where it is not known."""
    if seconds < 0:
        return ""
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class _Writer:
    """Writes whole lines from any thread; once the reader is gone (``… | head``), silence.

    A render that nobody watches any more goes on: its film is what was asked for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard = True

    def write(self, put: Callable[[], object]) -> None:
        """Call ``put`` while somebody reads."""
        with self._lock:
            if self._heard:
                try:
                    put()
                except BrokenPipeError:
                    self._heard = False


class _Lines(_Writer):
    """One JSON document a line."""

    def put(self, envelope: Envelope) -> None:
        """Print what belongs to a render."""
        if envelope.event.name.startswith(_SHOWN):
            self.write(lambda: print_json(envelope.as_dict()))


@contextmanager
def _bar() -> Iterator[_Bar]:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[pace]}", markup=False),
        TextColumn("{task.fields[left]}", style="cyan", markup=False),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        yield _Bar(progress, progress.add_task("planning", total=None, pace="", left=""))


class _Bar:
    """Moves a rich bar."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def started(self, event: RenderStarted) -> None:
        """The work is known now."""
        self._progress.update(self._task, description="rendering", total=event.frames)

    def progressed(self, event: RenderProgressed) -> None:
        """Frames done, frames a second, speed against real time, time left."""
        done = event.done >= event.total
        left = clock(event.left)
        self._progress.update(
            self._task,
            description="finishing" if done else "rendering",
            completed=event.done,
            total=event.total,
            pace=pace(event),
            left=f"{left} left" if left and not done else "",
        )

    def warned(self, event: WarningRaised) -> None:
        """A line above the bar."""
        self._progress.console.print(f"warning: {_text(event)}", markup=False)


class _Text(_Writer):
    """Without a terminal: a line at every tenth part."""

    def __init__(self) -> None:
        super().__init__()
        self._last = 0

    def started(self, event: RenderStarted) -> None:
        """What begins."""
        self.write(lambda: click.echo(f"rendering {clean(event.output)}", err=True))

    def progressed(self, event: RenderProgressed) -> None:
        """At most ten lines a render."""
        tenth = event.done * 10 // max(event.total, 1)
        if tenth <= self._last:
            return
        self._last = tenth
        left = f"  {clock(event.left)} left" if tenth < 10 and event.left >= 0 else ""
        self.write(lambda: click.echo(f"{tenth * 10:3d} %  {pace(event)}{left}", err=True))

    def warned(self, event: WarningRaised) -> None:
        """A line of its own."""
        self.write(lambda: click.echo(f"warning: {_text(event)}", err=True))


def _text(event: WarningRaised) -> str:
    where = f"{event.path}: " if event.path else ""
    remedy = f" ({event.hint})" if event.hint else ""
    return clean(f"{where}{event.message}{remedy}")
