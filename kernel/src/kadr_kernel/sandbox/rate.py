"""So many a second, and no more than a second's worth at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["Rate"]


class Rate:
    """A bucket that fills at a rate. Safe to use from any thread.

    Args:
        a_second: how many; also how many at once after a pause.
    """

    def __init__(self, a_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_second = a_second
        self._clock = clock
        self._lock = threading.Lock()
        self._level = float(a_second)
        self._last = clock()

    def take(self) -> bool:
        """One, if there is one."""
        with self._lock:
            now = self._clock()
            self._level = min(float(self._a_second), self._level + (now - self._last) * self._a_second)
            self._last = now
            if self._level < 1:
                return False
            self._level -= 1
            return True
