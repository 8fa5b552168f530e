"""The circuit breaker of an effect in a job: after failures it is left alone for a while."""

from __future__ import annotations

import threading
from collections import deque

__all__ = ["Breaker"]

_FIRST, _LONGEST = 16, 1024
_WINDOW, _TOO_MANY = 32, 6


class Breaker:
    """Closed: calls go through. Open: none does, for a number of frames that doubles each time.

    It opens when a fresh try failed as well, or when too many of the last calls needed one
    (an effect that fails on every seventh frame). Safe to use from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: deque[bool] = deque(maxlen=_WINDOW)
        self._wait = 0
        self._next_wait = _FIRST
        self.opened = 0

    def allows(self) -> bool:
        """True where the next call may be tried; counts the frames that were not."""
        with self._lock:
            if self._wait:
                self._wait -= 1
                return False
            return True

    def stumbled(self) -> bool:
        """Count a failure that a fresh try may mend; False where there were too many."""
        with self._lock:
            self._recent.append(True)
            return sum(self._recent) < _TOO_MANY

    def succeeded(self) -> None:
        """Count a call that went well."""
        with self._lock:
            self._recent.append(False)

    def open(self) -> None:
        """Let none through for a while."""
        with self._lock:
            self.opened += 1
            self._wait = self._next_wait
            self._next_wait = min(_LONGEST, 2 * self._next_wait)
            self._recent.clear()
