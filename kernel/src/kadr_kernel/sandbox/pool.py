"""Instances that wait for their next frame: each in one hand at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable

from kadr_kernel.sandbox.instance import Instance
from kadr_kernel.sandbox.layout import Layout

__all__ = ["Pool"]


class Pool:
    """Idle instances of one guest in one job; there are as many as threads ask at once.

    Args:
        make: an instance for a layout.
        most: idle instances kept.
    """

    def __init__(self, make: Callable[[Layout], Instance], most: int) -> None:
        self._make = make
        self._most = most
        self._lock = threading.Lock()
        self._idle: list[Instance] = []
        self._closed = False

    def take(self, layout: Layout) -> Instance:
        """An instance for a layout, to be given back or dropped by who took it."""
        with self._lock:
            for place in range(len(self._idle) - 1, -1, -1):
                if self._idle[place].layout == layout:
                    return self._idle.pop(place)
        return self._make(layout)

    def give(self, instance: Instance) -> None:
        """An instance that may be used again; the one that waited longest makes room."""
        with self._lock:
            self._idle.append(instance)
            spare = self._idle[:] if self._closed else self._idle[: -self._most]
            del self._idle[: len(spare)]
        for one in spare:
            one.close()

    def close(self) -> None:
        """Drop all; what is given back later is dropped too."""
        with self._lock:
            self._closed = True
            spare, self._idle = self._idle, []
        for one in spare:
            one.close()
