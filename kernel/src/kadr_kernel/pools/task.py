"""A task: work that was queued, and its outcome.

State machine (all changes happen under the pool's lock)::

    queued ──> running ──> done | failed
       │          ├─────> timed_out      over its time limit
       └──────────┴─────> cancelled      withdrawn before it began, or still running after close

The last four are final. A thread cannot be stopped: what a task returns after it was timed
out or cancelled is dropped.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kadr_sdk.errors import CancelledError, TimeoutExceededError

if TYPE_CHECKING:
    from kadr_kernel.pools.pool import Pool

__all__ = ["PoolTask", "wait_for"]

T = TypeVar("T")
_SLICE = 0.5  # seconds; on Windows a lock without a limit cannot be interrupted by Ctrl-C


class PoolTask(Generic[T]):
    """Satisfies :class:`kadr_sdk.services.Task`."""

    __slots__ = ("_latch", "_pool", "around", "error", "name", "state", "time_limit", "value", "work")

    def __init__(self, pool: Pool, work: Callable[[], T], name: str, time_limit: float | None) -> None:
        self._pool = pool
        self.work: Callable[[], T] | None = work
        self.around = contextvars.copy_context()  # the job and the span that it belongs to
        self.name = name
        self.time_limit = time_limit
        self.state = "queued"
        self.value: Any = None
        self.error: BaseException | None = None
        self._latch = threading.Lock()  # held until the outcome is known
        self._latch.acquire()

    def result(self, timeout: float | None = None) -> T:
        """Wait for the result, or raise what the task raised.

        A worker that waits for a queued task of its own pool carries it out itself, so
        tasks may wait for tasks that they submitted without using up the threads.

        Args:
            timeout: seconds to wait; the task goes on where it is not finished.

        Raises:
            TimeoutExceededError: not finished within ``timeout``, or over its own time limit.
            CancelledError: it was withdrawn, or the scheduler was closed.
        """
        if self.state == "queued":
            self._pool.help_with(self)
        if not wait_for(self._latch, timeout):
            raise TimeoutExceededError(f"{self.name} is not finished after {timeout:g} s", task=self.name)
        self._latch.release()
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[no-any-return]  # a slot cannot be generic

    def cancel(self) -> bool:
        """Withdraw it where it has not begun; True where it will never run."""
        return self._pool.cancel(self)

    def done(self) -> bool:
        """True where it has ended."""
        return self.state not in ("queued", "running")

    def finish(self, state: str, value: object = None, error: BaseException | None = None) -> None:
        """Set the outcome and wake who waits."""
        self.value, self.error, self.work = value, error, None  # the work may hold much memory
        self.state = state
        self._latch.release()

    def withdraw(self, reason: str) -> None:
        """End it without a result."""
        self.finish("cancelled", error=CancelledError(f"{self.name} was withdrawn: {reason}", task=self.name))


def wait_for(latch: threading.Lock, timeout: float | None) -> bool:
    """Acquire a lock, in slices that let Ctrl-C through; False after ``timeout`` seconds."""
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        left = _SLICE if end is None else min(_SLICE, max(0.0, end - time.monotonic()))
        if latch.acquire(timeout=left):
            return True
        if end is not None and time.monotonic() >= end:
            return False
