"""The thread executor: independent tasks on the scheduler's cpu pool, a few at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from kadr_sdk.services import Scheduler

__all__ = ["ThreadExecutor"]

T = TypeVar("T")


class ThreadExecutor:
    """Satisfies :class:`kadr_sdk.contributions.Executor`.

    At most ``workers`` tasks are with the scheduler at any time, so a film of ten thousand
    segments neither fills the queue nor keeps other jobs out.

    Args:
        stop: called as soon as the run ends early (a failure, Ctrl-C), so that tasks in flight
            end soon instead of being waited for.
    """

    def __init__(self, scheduler: Scheduler, stop: Callable[[], object] = lambda: None) -> None:
        self._scheduler = scheduler
        self._stop = stop

    def run(self, tasks: Sequence[Callable[[], T]], workers: int) -> Iterator[T]:
        """Results in the order of tasks; the first failure is raised after the others ended."""
        waiting = deque(tasks)
        running: deque[Any] = deque()
        try:
            while waiting or running:
                while waiting and len(running) < max(1, workers):
                    running.append(self._scheduler.submit(waiting.popleft(), pool="cpu", name="segment"))
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
