"""Independent tasks on a pool of the scheduler, a few at a time, results in their order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from kadr_sdk.services import Scheduler

__all__ = ["Dispatch"]

T = TypeVar("T")


class Dispatch:
    """Hands out the tasks of a render.

    At most ``workers`` tasks are with the scheduler at any time, so a film of ten thousand
    segments neither fills the queue nor keeps other jobs out.

    Args:
        stop: called as soon as the run ends early (a failure, Ctrl-C), so that tasks in flight
            end soon instead of being waited for.
        pool: ``cpu`` for work in this process, ``remote`` for waiting on work elsewhere.
    """

    def __init__(
        self, scheduler: Scheduler, stop: Callable[[], object] = lambda: None, pool: str = "cpu"
    ) -> None:
        self._scheduler = scheduler
        self._stop = stop
        self._pool = pool

    def run(self, tasks: Sequence[Callable[[], T]], workers: int) -> Iterator[T]:
        """Results in the order of tasks; the first failure is raised after the others ended."""
        waiting = deque(tasks)
        running: deque[Any] = deque()
        slots = _Slots(max(1, workers))
        try:
            while waiting or running:
                if waiting and slots.take():
                    work = slots.freeing(waiting.popleft())
                    running.append(self._scheduler.submit(work, pool=self._pool, name="segment"))
                while running and (not waiting or running[0].done()):
                    yield running[0].result()
                    running.popleft()
        except BaseException:
            self._stop()
            raise
        finally:
            self._drain(running)

    @staticmethod
    def _drain(running: deque[Any]) -> None:
        """Withdraw what has not begun and wait for the rest: nobody works on after the end."""
        for task in running:
            task.cancel()
        for task in running:
            while not task.done():
                try:
                    task.result(timeout=0.2)
                except BaseException:  # noqa: BLE001, S112 - the first failure is the one that counts
                    continue


class _Slots:
    """A task is handed out whenever one ends: a long one at the head keeps nobody idle."""

    def __init__(self, count: int) -> None:
        self._free = threading.Semaphore(count)

    def take(self) -> bool:
        """Whether one came free in time; not longer, so that Ctrl-C and lost tasks are noticed."""
        return self._free.acquire(timeout=0.5)

    def freeing(self, work: Callable[[], T]) -> Callable[[], T]:
        """The same work; its slot is free when it ends."""

        def run() -> T:
            try:
                return work()
            finally:
                self._free.release()

        return run
