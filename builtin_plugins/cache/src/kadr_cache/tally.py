"""Uses and counts, gathered in memory and written together: a hit costs no write."""

from __future__ import annotations

import threading
import time
from collections import Counter

from kadr_cache.index import Use

__all__ = ["COUNTS", "Tally"]

COUNTS = ("hits", "misses", "stored", "evictions", "corrupt")
"""What is counted for each kind."""

_MANY, _LONG = 64, 2.0  # uses, seconds


class Tally:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uses: dict[tuple[str, str], float] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._taken = time.monotonic()

    def use(self, kind: str, key: str, at: float) -> None:
        """An entry was used; the last use counts."""
        with self._lock:
            self._uses.pop((kind, key), None)
            self._uses[kind, key] = at

    def count(self, kind: str, name: str, amount: int = 1) -> None:
        """One more of :data:`COUNTS`."""
        with self._lock:
            self._counts[kind, name] += amount

    @property
    def due(self) -> bool:
        """Whether there is enough to write, or it waits too long."""
        with self._lock:
            waits = bool(self._uses or self._counts) and time.monotonic() - self._taken > _LONG
            return waits or len(self._uses) >= _MANY

    def take(self) -> tuple[list[Use], dict[tuple[str, str], int]]:
        """What has gathered, in order of use; it begins anew."""
        with self._lock:
            uses = [Use(kind, key, at) for (kind, key), at in self._uses.items()]
            counts = dict(self._counts)
            self._uses, self._counts = {}, Counter()
            self._taken = time.monotonic()
            return uses, counts
