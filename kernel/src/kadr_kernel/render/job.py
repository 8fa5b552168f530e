"""A render job in flight: cancel, pause, progress."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from kadr_sdk.errors import CancelledError, Problem
from kadr_sdk.events import Event, RenderProgressed, WarningRaised
from kadr_sdk.services import Catalogue

__all__ = ["JobContext", "JobControl", "PartContext", "Progress"]

_INTERVAL = 0.1  # seconds between progress events: a reader gets at most ten a second


class JobControl:
    """Satisfies :class:`kadr_sdk.rendering.Control`."""

    def __init__(self) -> None:
        self._go = threading.Event()
        self._go.set()
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Stop within a frame."""
        self._cancelled.set()
        self._go.set()

    def pause(self) -> None:
        """Hold within a frame."""
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
    """Satisfies :class:`kadr_sdk.backend.RenderContext`; shared by all workers of a job."""

    def __init__(
        self,
        control: JobControl,
        catalogue: Catalogue,
        publish: Callable[[Event], object],
        advance: Callable[[int], object] | None = None,
    ) -> None:
        self._control = control
        self._catalogue = catalogue
        self._publish = publish
        self._advance = advance
        self._lock = threading.Lock()
        self._warned: dict[Problem, None] = {}

    def check(self) -> None:
        """Wait while paused; raise CancelledError when cancelled."""
        self._control.check()

    def advance(self, amount: int) -> None:
        """Count finished work."""
        if self._advance is not None:
            self._advance(amount)

    def effect(self, kind: str, name: str) -> Any:
        """The implementation of an effect, transition or generator."""
        return self._catalogue.load(kind, name)

    def warn(self, message: str, path: str = "", hint: str = "") -> None:
        """Tell the user once; it stands in the report."""
        problem = Problem(path, message, hint)
        with self._lock:
            if problem in self._warned:
                return
            self._warned[problem] = None
        self._publish(WarningRaised(message, path, hint))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Everything warned of, in order."""
        with self._lock:
            return tuple(self._warned)


class PartContext:
    """The context of a job as one part of it sees it; satisfies the same Protocol.

    Args:
        quiet: its work is not what the progress counts.

    Attributes:
        warned: something was warned of while this part was made.
    """

    def __init__(self, job: JobContext, *, quiet: bool = False) -> None:
        self._job = job
        self._quiet = quiet
        self.warned = False

    def check(self) -> None:
        """As of the job."""
        self._job.check()

    def advance(self, amount: int) -> None:
        """Count finished work."""
        if not self._quiet:
            self._job.advance(amount)

    def effect(self, kind: str, name: str) -> Any:
        """As of the job."""
        return self._job.effect(kind, name)

    def warn(self, message: str, path: str = "", hint: str = "") -> None:
        """Tell the user, and remember that this part gave reason to."""
        self.warned = True
        self._job.warn(message, path, hint)
