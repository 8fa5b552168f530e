"""Which render belongs to which job, and how far it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from kadr_sdk.events import RenderProgressed, RenderStarted
from kadr_sdk.services import EventBus

__all__ = ["Watch"]


class Watch:
    """Listens to renders; thread-safe. A job with several outputs tells of the one at work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: dict[int, int] = {}
        self._renders: dict[str, int] = {}
        self._frames: dict[int, tuple[int, int]] = {}

    @contextmanager
    def listening(self, events: EventBus) -> Iterator[None]:
        """Listen while the block lasts."""
        held = [
            events.subscribe(RenderStarted, self._started, name="jobs"),
            events.subscribe(RenderProgressed, self._progressed, name="jobs"),
        ]
        try:
            yield
        finally:
            for subscription in held:
                subscription.cancel()

    @contextmanager
    def of(self, job: int) -> Iterator[None]:
        """What this thread renders while the block lasts belongs to the job."""
        me = threading.get_ident()
        with self._lock:
            self._threads[me] = job
        try:
            yield
        finally:
            with self._lock:
                del self._threads[me]
                self._renders = {render: of for render, of in self._renders.items() if of != job}

    def take(self) -> dict[int, tuple[int, int]]:
        """Frames done and in all, of jobs that went on since the last call."""
        with self._lock:
            found, self._frames = self._frames, {}
            return found

    def _started(self, event: RenderStarted) -> None:
        # Subscribers are called in the publisher's thread: the one that called the renderer.
        with self._lock:
            job = self._threads.get(threading.get_ident())
            if job is not None:
                self._renders[event.job] = job
                self._frames[job] = (0, event.frames)

    def _progressed(self, event: RenderProgressed) -> None:
        if event.stage == "encode":  # the second pass over frames that were counted already
            return
        with self._lock:
            job = self._renders.get(event.job)
            if job is not None:
                self._frames[job] = (event.done, event.total)
