"""The memory budget: bytes are reserved before they are used, in the order of asking."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kadr_sdk.errors import CancelledError, ResourceError
from kadr_sdk.events import MemoryPressureRaised

__all__ = ["MemoryBudget"]

_PRESSURE = 0.9
_SLICE = 0.5  # seconds; on Windows a wait without a limit cannot be interrupted by Ctrl-C


@dataclass(slots=True, eq=False)
class _Ticket:
    amount: int


class MemoryBudget:
    """A fair reservation: who asked first is served first, however much a later one asks.

    A thread that holds bytes and asks for more may wait for itself: reserve once, for all.
    """

    def __init__(self, total: int, publish: Callable[[MemoryPressureRaised], object] | None = None) -> None:
        if total < 1:
            raise ValueError(f"a memory budget is a number of bytes above 0, not {total}")
        self.total = total
        self._publish = publish
        self._changed = threading.Condition(threading.Lock())
        self._queue: deque[_Ticket] = deque()
        self._used = 0
        self._raised = False
        self._closed = False

    @property
    def used(self) -> int:
        """Bytes reserved now."""
        return self._used

    @contextmanager
    def reserve(self, amount: int, owner: str = "") -> Iterator[None]:
        """Hold ``amount`` bytes inside the block, waiting until they are free.

        Raises:
            ResourceError: more than the whole budget, or less than nothing.
            CancelledError: the scheduler is closed.
        """
        self._check(amount, owner)
        self._take(amount, owner)
        try:
            self._report()
            yield
        finally:
            self._give_back(amount)

    def close(self) -> None:
        """Wake everybody who waits, with an error."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _check(self, amount: int, owner: str) -> None:
        who = owner or "a task"
        if amount < 0:
            raise ResourceError(f"{who} cannot reserve {amount} bytes of memory")
        if amount > self.total:
            raise ResourceError(
                f"{who} needs {_size(amount)} of memory, the whole budget is {_size(self.total)}",
                hint="raise render.memory_mb, or render at a smaller size",
                needed=amount,
                budget=self.total,
            )

    def _take(self, amount: int, owner: str) -> None:
        ticket = _Ticket(amount)
        with self._changed:
            self._queue.append(ticket)
            try:
                while self._queue[0] is not ticket or self._used + amount > self.total:
                    if self._closed:
                        break
                    self._changed.wait(_SLICE)
                if self._closed:
                    raise CancelledError(f"{owner or 'a task'} gets no memory: the scheduler is closed")
                self._used += amount
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()  # the next in the queue may fit as well

    def _give_back(self, amount: int) -> None:
        with self._changed:
            self._used -= amount
            if self._used < _PRESSURE * self.total:
                self._raised = False
            self._changed.notify_all()

    def _report(self) -> None:
        with self._changed:
            used = self._used
            if self._raised or used < _PRESSURE * self.total:
                return
            self._raised = True
        if self._publish is not None:
            self._publish(MemoryPressureRaised(used, self.total))


def _size(amount: int) -> str:
    return f"{amount / 2**20:,.0f} MiB" if amount >= 2**20 else f"{amount} bytes"
