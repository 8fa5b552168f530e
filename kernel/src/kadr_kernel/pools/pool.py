"""A pool: a bounded queue by priority, and threads that are made as they are needed.

A Python thread cannot be killed. A task over its time limit is reported and its worker is
*lost*: it goes on with the task, whose result nobody gets, and ends afterwards. A lost worker
is replaced, at most ``size`` at a time, so a pool never holds more than twice its size in
threads; with that many lost, the pool stands still until one comes back. Work that must be
killable belongs into a process.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from kadr_sdk.errors import CancelledError, OverloadedError, TimeoutExceededError

from kadr_kernel.pools.task import PoolTask
from kadr_kernel.pools.watch import Watch

__all__ = ["Pool", "PoolSize"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PoolSize:
    """Threads at most, and tasks that may wait for them."""

    threads: int
    queue: int

    def __post_init__(self) -> None:
        if self.threads < 1 or self.queue < 1:
            raise ValueError(f"a pool has at least one thread and one place to wait, not {self}")


@dataclass(slots=True, eq=False)
class _Worker:
    """A thread with its tasks: more than one where it helps with those that it waits for."""

    thread: threading.Thread
    tasks: list[PoolTask[Any]] = field(default_factory=list)
    lost: bool = False
    replaced: bool = False


@dataclass(slots=True)
class _Counts:
    """Tasks by outcome, and the seconds of work that they took."""

    completed: int = 0
    failed: int = 0
    rejected: int = 0
    cancelled: int = 0
    timed_out: int = 0
    seconds: float = 0.0


class Pool:
    """Threads of one kind of work."""

    def __init__(self, name: str, size: PoolSize, watch: Watch) -> None:
        self.name, self.size = name, size
        self._watch = watch
        self._changed = threading.Condition(threading.Lock())
        self._heap: list[tuple[int, int, PoolTask[Any]]] = []
        self._order = itertools.count()
        self._workers: dict[int, _Worker] = {}  # by thread ident
        self._queued = self._active = self._idle = self._replaced = 0
        self._counts = _Counts()
        self._closed = False

    def submit(
        self, work: Callable[[], T], *, priority: int = 0, time_limit: float | None = None, name: str = ""
    ) -> PoolTask[T]:
        """Queue work, the higher priority first, else in the order of submission.

        Args:
            time_limit: seconds, counted from the moment it begins.

        Raises:
            OverloadedError: the queue is full, or the system gives no thread.
            CancelledError: the scheduler is closed.
            ValueError: a time limit that is no time.
        """
        if time_limit is not None and not time_limit > 0:
            raise ValueError(f"a time limit is a number of seconds above 0, not {time_limit}")
        task = PoolTask(self, work, name or getattr(work, "__qualname__", type(work).__name__), time_limit)
        with self._changed:
            if self._closed:
                raise CancelledError(f"{task.name} was not taken: the scheduler is closed", task=task.name)
            if self._queued >= self.size.queue:
                self._counts.rejected += 1
                raise self._overloaded(task.name)
            if self._idle <= self._queued:
                self._add_worker()
            heapq.heappush(self._heap, (-priority, next(self._order), task))
            self._queued += 1
            self._changed.notify()
        return task

    def cancel(self, task: PoolTask[Any]) -> bool:
        """Withdraw a queued task."""
        with self._changed:
            if task.state != "queued":
                return task.state == "cancelled"
            self._withdraw(task, "it was cancelled")
            if len(self._heap) > 2 * self._queued + 64:  # withdrawn tasks leave the heap in bulk
                self._heap = [entry for entry in self._heap if entry[2].state == "queued"]
                heapq.heapify(self._heap)
            return True

    def help_with(self, task: PoolTask[Any]) -> None:
        """Carry a queued task out now, where the calling thread is one of this pool's workers."""
        with self._changed:
            worker = self._workers.get(threading.get_ident())
            if worker is None or task.state != "queued":
                return
            self._begin(task, worker)
        self._carry_out(task, worker)

    def counters(self) -> dict[str, float]:
        """What it has and what it did."""
        with self._changed:
            return {
                "size": self.size.threads,
                "queued": self._queued,
                "active": self._active,
                "completed": self._counts.completed,
                "failed": self._counts.failed,
                "rejected": self._counts.rejected,
                "cancelled": self._counts.cancelled,
                "timed_out": self._counts.timed_out,
                "lost": sum(worker.lost for worker in self._workers.values()),
                "seconds": self._counts.seconds,
            }

    def begin_close(self) -> None:
        """Take nothing more and withdraw what is queued; running tasks go on."""
        with self._changed:
            self._closed = True
            for _, _, task in self._heap:
                if task.state == "queued":
                    self._withdraw(task, "the scheduler is closed")
            self._heap.clear()
            self._changed.notify_all()

    def join(self, end: float) -> list[str]:
        """Wait for the threads until the monotonic time ``end``.

        Returns:
            Names of tasks that still run; who waits for them gets an error.
        """
        me = threading.get_ident()
        with self._changed:
            others = [worker for ident, worker in self._workers.items() if ident != me]
        for worker in others:
            worker.thread.join(max(0.0, end - time.monotonic()))
        with self._changed:
            left = [task for worker in others if worker.thread.is_alive() for task in worker.tasks]
            for task in left:
                if task.state == "running":
                    self._active -= 1
                    self._counts.cancelled += 1
                    task.withdraw("the scheduler was closed while it ran")
            return [task.name for task in left]

    def _overloaded(self, name: str) -> OverloadedError:
        return OverloadedError(
            f"{name} was not taken: {self._queued} tasks wait for the pool {self.name!r} already",
            hint="wait for earlier tasks before submitting more",
            pool=self.name,
            queue=self.size.queue,
        )

    def _withdraw(self, task: PoolTask[Any], reason: str) -> None:
        self._queued -= 1
        self._counts.cancelled += 1
        task.withdraw(reason)

    def _add_worker(self) -> None:
        if len(self._workers) - self._replaced >= self.size.threads:
            return
        thread = threading.Thread(target=self._work, name=f"kadr-{self.name}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system's limit of threads
            if self._workers:
                return
            self._counts.rejected += 1
            raise OverloadedError(
                f"the pool {self.name!r} gets no thread: {error}", pool=self.name
            ) from error
        assert thread.ident is not None
        self._workers[thread.ident] = _Worker(thread)  # before it can look: this holds the lock

    def _work(self) -> None:
        me = threading.get_ident()
        with self._changed:
            worker = self._workers[me]
        while (task := self._next(worker)) is not None:
            self._carry_out(task, worker)
            del task  # its result may be large, and the next task may be long in coming

    def _next(self, worker: _Worker) -> PoolTask[Any] | None:
        """The next task for this worker; None: it has left the pool."""
        with self._changed:
            worker.lost = False
            while not worker.replaced:
                while self._heap:
                    task = heapq.heappop(self._heap)[2]
                    if task.state == "queued":
                        self._begin(task, worker)
                        return task
                if self._closed:
                    break
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            del self._workers[threading.get_ident()]
            self._replaced -= worker.replaced
            self._replace_lost()
            return None

    def _begin(self, task: PoolTask[Any], worker: _Worker) -> None:
        self._queued -= 1
        self._active += 1
        task.state = "running"
        worker.tasks.append(task)

    def _carry_out(self, task: PoolTask[Any], worker: _Worker) -> None:
        alarm = None
        if task.time_limit is not None:
            alarm = self._watch.after(task.time_limit, lambda: self._time_out(task, worker))
        work = task.work
        assert work is not None
        begun = time.monotonic()
        value, error = None, None
        try:
            value = task.around.run(work)
        except BaseException as raised:  # noqa: BLE001 - whatever it raises belongs to who waits for it
            error = raised
        if alarm is not None:
            self._watch.cancel(alarm)
        with self._changed:
            worker.tasks.pop()
            self._counts.seconds += time.monotonic() - begun
            if task.state == "running":  # else it was answered already, over its limit or at the end
                self._end(task, value, error)

    def _end(self, task: PoolTask[Any], value: object, error: BaseException | None) -> None:
        self._active -= 1
        if error is None:
            self._counts.completed += 1
        else:
            self._counts.failed += 1
        task.finish("done" if error is None else "failed", value, error)

    def _time_out(self, task: PoolTask[Any], worker: _Worker) -> None:
        with self._changed:
            if task.state != "running":
                return
            self._active -= 1
            self._counts.timed_out += 1
            error = TimeoutExceededError(
                f"{task.name} took longer than its limit of {task.time_limit:g} s",
                hint="its thread goes on until it returns; allow it more time or give it less to do",
                task=task.name,
                time_limit=task.time_limit,
            )
            task.finish("timed_out", error=error)
            worker.lost = True
            self._replace_lost()

    def _replace_lost(self) -> None:
        for worker in self._workers.values():
            if worker.lost and not worker.replaced and self._replaced < self.size.threads:
                worker.replaced = True
                self._replaced += 1
        if self._queued and not self._closed:
            self._add_worker()
