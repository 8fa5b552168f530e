"""A render job in flight: cancel, pause, progress."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from kadr_sdk.contributions import BoundGuest
from kadr_sdk.errors import CancelledError, Problem
from kadr_sdk.events import Event, RenderProgressed, WarningRaised
from kadr_sdk.services import Catalogue

from kadr_kernel.render.guests import find_guest

__all__ = ["JobContext", "JobControl", "PartContext", "Progress"]

_INTERVAL = 0.1  # seconds between progress events: a reader gets at most ten a second


class JobControl:
    """Satisfies :class:`kadr_sdk.rendering.Control`."""

    def __init__(self) -> None:
        self._go = threading.Event()
        self._go.set()
        self._cancelled = threading.Event()
        self._lock = threading.Lock()  # so that no pause comes after a cancel: it would never end

    def cancel(self) -> None:
        """Stop within a frame."""
        with self._lock:
            self._cancelled.set()
            self._go.set()

    def pause(self) -> None:
        """Hold within a frame."""
        with self._lock:
            if not self._cancelled.is_set():
                self._go.clear()

    def resume(self) -> None:
        """Go on."""
        self._go.set()

    @property
    def cancelled(self) -> bool:
        """True after :meth:`cancel`."""
        return self._cancelled.is_set()

    def check(self) -> None:
        """Return at once while running; wait while paused.

        Raises:
            CancelledError: after :meth:`cancel`.
        """
        if not self._go.is_set():
            self._go.wait()
        if self._cancelled.is_set():
            raise CancelledError("the render was cancelled")


class Progress:
    """Counts finished frames from several threads and publishes at most ten events a second."""

    def __init__(
        self, job: str, total: int, fps: float, publish: Callable[[Event], object], stage: str = "video"
    ) -> None:
        self._job = job
        self._total = total
        self._fps = fps
        self._publish = publish
        self._stage = stage
        self._lock = threading.Lock()
        self._done = 0
        self._started = self._last = time.monotonic()

    def advance(self, amount: int) -> None:
        """Count finished frames."""
        with self._lock:
            self._done += amount
            now = time.monotonic()
            if now - self._last < _INTERVAL and self._done < self._total:
                return
            self._last = now
            event = self._event(now)
        self._publish(event)

    def _event(self, now: float) -> RenderProgressed:
        elapsed = max(now - self._started, 1e-6)
        rate = self._done / elapsed
        left = (self._total - self._done) / rate if rate else -1.0
        speed = rate / self._fps if self._fps else 0.0
        return RenderProgressed(self._job, self._done, self._total, rate, speed, left, self._stage)


class JobContext:
    """Satisfies :class:`kadr_sdk.backend.RenderContext`; shared by all workers of a job.

    Attributes:
        control: cancels and pauses the job.
        publish: takes the job's events.

    Args:
        on_failure: what is shown where a guest fails (:class:`kadr_sdk.contributions.Guest`).
    """

    def __init__(
        self,
        control: JobControl,
        catalogue: Catalogue,
        publish: Callable[[Event], object],
        advance: Callable[[int], object] | None = None,
        on_failure: str = "fail",
    ) -> None:
        self.control = control
        self._catalogue = catalogue
        self.publish = publish
        self._advance = advance
        self._lock = threading.Lock()
        self._warned: dict[Problem, None] = {}
        self._on_failure = on_failure
        self._guests_lock = threading.Lock()
        self._guests: dict[tuple[str, str], BoundGuest | None] = {}
        self._numbers: dict[str, dict[str, float]] = {}

    def check(self) -> None:
        """Wait while paused; raise CancelledError when cancelled."""
        self.control.check()

    def advance(self, amount: int) -> None:
        """Count finished work."""
        if self._advance is not None:
            self._advance(amount)

    def effect(self, kind: str, name: str) -> Any:
        """The implementation of an effect, transition or generator."""
        return self.effect_for(kind, name, self.warn)

    def effect_for(self, kind: str, name: str, warn: Callable[[str, str, str], object]) -> Any:
        """The implementation; a guest tells ``warn`` of pictures that it did not make."""
        with self._guests_lock:
            if (kind, name) not in self._guests:
                guest = find_guest(self._catalogue, kind, name)
                bound = guest.bind(self._on_failure, lambda: self.control.cancelled) if guest else None
                self._guests[kind, name] = bound
            bound = self._guests[kind, name]
        return self._catalogue.load(kind, name) if bound is None else bound.effect(warn)

    def close(self) -> None:
        """Drop what guests hold of this job's pictures."""
        with self._guests_lock:
            bound, self._guests = {n: b for (_, n), b in self._guests.items() if b is not None}, {}
            self._numbers |= {name: dict(one.numbers()) for name, one in bound.items()}
        for one in bound.values():
            one.close()

    @property
    def guests(self) -> dict[str, dict[str, float]]:
        """What guests did in this job, by effect; known when it is closed."""
        return dict(sorted(self._numbers.items()))

    def warn(self, message: str, path: str = "", hint: str = "") -> None:
        """Tell the user once; it stands in the report."""
        problem = Problem(path, message, hint)
        with self._lock:
            if problem in self._warned:
                return
            self._warned[problem] = None
        self.publish(WarningRaised(message, path, hint))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Everything warned of, in order; of a long series the first ones and their number."""
        with self._lock:
            return _counted(tuple(self._warned))


_SERIES = 3  # warnings that differ only in their numbers are told so often, then counted


def _counted(warnings: tuple[Problem, ...]) -> tuple[Problem, ...]:
    series: dict[tuple[str, str], list[Problem]] = {}
    for warning in warnings:
        series.setdefault((warning.path, re.sub(r"[\d./]+", "#", warning.message)), []).append(warning)
    found: list[Problem] = []
    for one in series.values():
        found += one[:_SERIES]
        if len(one) > _SERIES:
            text = f"and {len(one) - _SERIES} more like these, {len(one)} in all"
            found.append(Problem(one[-1].path, text))
    return tuple(found)


class PartContext:
    """The context of a job as one part of it sees it; satisfies the same Protocol.

    Args:
        quiet: its work is not what the progress counts.

    Attributes:
        job: the whole, which backends keep files open for.
        warnings: what was warned of while this part was made.
    """

    def __init__(self, job: JobContext, *, quiet: bool = False) -> None:
        self.job = job
        self._quiet = quiet
        self._effects: dict[tuple[str, str], Any] = {}
        self._weight, self._seen, self._told = (1, 1), 0, 0
        self.warnings: list[Problem] = []

    def check(self) -> None:
        """As of the job."""
        self.job.check()

    def advance(self, amount: int) -> None:
        """Count finished work."""
        if self._quiet:
            return
        self._seen += amount
        due = self._seen * self._weight[0] // self._weight[1] - self._told
        self._told += due
        self.job.advance(due)

    def weigh(self, counts: int, of: int) -> None:
        """From here on so much work counts as so much: ``of`` is all that will be told."""
        self._weight, self._seen, self._told = (counts, max(1, of)), 0, 0

    def effect(self, kind: str, name: str) -> Any:
        """As of the job; the same object every time."""
        found = self._effects.get((kind, name))
        if found is None:
            found = self._effects[kind, name] = self.job.effect_for(kind, name, self.warn)
        return found

    def warn(self, message: str, path: str = "", hint: str = "") -> None:
        """Tell the user, and remember that this part gave reason to."""
        self.warnings.append(Problem(path, message, hint))
        self.job.warn(message, path, hint)

    def reused(self, amount: int, warnings: Iterable[Problem]) -> None:
        """Count a part that was there already, and say what was said when it was made."""
        self.advance(amount)
        self.heard(warnings)

    def heard(self, warnings: Iterable[Problem]) -> None:
        """Say once what was said when something that this part is made of was made."""
        for warning in warnings:
            if warning not in self.warnings:
                self.warn(warning.message, warning.path, warning.hint)
