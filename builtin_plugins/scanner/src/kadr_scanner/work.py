"""Work on media: it can be cancelled, tells how far it is, and runs on the kernel's threads."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from kadr_sdk.backend import Backend
from kadr_sdk.errors import CancelledError, NotFoundError, Problem
from kadr_sdk.events import Event, MediaProgressed
from kadr_sdk.frames import VideoFrame
from kadr_sdk.plan import Node
from kadr_sdk.services import Scheduler, Task

__all__ = ["Job", "frames_of", "in_batches", "in_parallel"]

T = TypeVar("T")
_INTERVAL = 0.1  # seconds between two events
_BATCH, _SECOND = 200, 1.0


class Job:
    """One piece of work; satisfies :class:`kadr_sdk.backend.RenderContext`, for several threads at once.

    Args:
        publish: takes events.
        task: its name, for the events; path: what it works on.
        total: of what :meth:`advance` counts.
        parent: work that this is a part of, and is cancelled with.
    """

    def __init__(
        self,
        publish: Callable[[Event], object],
        task: str,
        path: str = "",
        total: int = 0,
        parent: Job | None = None,
    ) -> None:
        self._parent = parent
        self.warnings: list[Problem] = []
        self._publish = publish
        self._task, self._path, self._total = task, path, total
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._done, self._last = 0, time.monotonic()

    def cancel(self) -> None:
        """Stop within a frame."""
        self._stopped.set()

    def check(self) -> None:
        """Return while the work is wanted.

        Raises:
            CancelledError: it was cancelled.
        """
        if self._parent is not None:
            self._parent.check()
        if self._stopped.is_set():
            raise CancelledError(f"{self._task} was cancelled")

    def advance(self, amount: int = 1) -> None:
        """Count what is done; at most ten events a second, and one for the last."""
        with self._lock:
            self._done += amount
            now = time.monotonic()
            if now - self._last < _INTERVAL and self._done < self._total:
                return
            self._last, done = now, self._done
        self._publish(MediaProgressed(self._task, self._path, done, max(done, self._total)))

    def effect(self, kind: str, name: str) -> Any:
        """Nothing: graphs made here have no effects.

        Raises:
            NotFoundError: always.
        """
        raise NotFoundError(kind, name, ())

    def warn(self, message: str, path: str = "", hint: str = "") -> None:
        """Remember something odd, once."""
        problem = Problem(path, message, hint)
        with self._lock:
            if problem not in self.warnings:
                self.warnings.append(problem)


def in_parallel(
    scheduler: Scheduler, job: Job, tasks: Iterable[Callable[[], T]], *, pool: str = "cpu"
) -> Iterator[T]:
    """Results in the order of the tasks; a failure, Ctrl-C or cancelling stops the rest.

    Only a few tasks are queued at a time, so that a long list costs no memory.
    """
    waiting: deque[Task[T]] = deque()
    source = iter(tasks)
    try:
        while True:
            job.check()
            for task in source:
                waiting.append(scheduler.submit(task, pool=pool, name="media"))
                if len(waiting) >= 4 * scheduler.cpu_count:
                    break
            if not waiting:
                return
            yield waiting.popleft().result()
    except BaseException:
        job.cancel()
        raise
    finally:
        _end(waiting)


def _end(waiting: deque[Task[T]]) -> None:
    """Withdraw what has not begun, and wait for what has: it holds files open."""
    running = [task for task in waiting if not task.cancel()]
    for task in running:
        with suppress(Exception):  # its outcome is no longer wanted
            task.result(10.0)


def frames_of(backend: Backend, root: Node, job: Job) -> Generator[VideoFrame, None, None]:
    """The frames of a graph, as something that can be closed before its end."""
    yield from backend.frames(root, job)


def in_batches(results: Iterable[T]) -> Iterator[list[T]]:
    """As many at a time as come within a second; what came before a failure comes too."""
    batch: list[T] = []
    began = time.monotonic()
    try:
        for row in results:
            batch.append(row)
            if len(batch) >= _BATCH or time.monotonic() - began > _SECOND:
                full, batch, began = batch, [], time.monotonic()
                yield full
    except BaseException:
        if batch:
            yield batch
        raise
    if batch:
        yield batch
