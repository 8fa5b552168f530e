"""The watch over time limits: one thread, started when the first limited task begins."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable

__all__ = ["Alarm", "Watch"]


class Alarm:
    """A call at a moment; lets go of what it would call once it is cancelled."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call


class Watch:
    """Calls back when a moment has come."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._cancelled = 0
        self._order = itertools.count()
        self._thread: threading.Thread | None = None
        self._closed = False

    def after(self, seconds: float, call: Callable[[], None]) -> Alarm:
        """Call in ``seconds``, from the watch's thread."""
        alarm = Alarm(call)
        with self._changed:
            if self._closed:
                return alarm
            heapq.heappush(self._alarms, (time.monotonic() + seconds, next(self._order), alarm))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="kadr-watch", daemon=True)
                self._thread.start()
            elif self._alarms[0][2] is alarm:
                self._changed.notify()
        return alarm

    def cancel(self, alarm: Alarm) -> None:
        """Do not call; alarms that are not needed leave the heap in bulk."""
        with self._changed:
            alarm.call = None
            self._cancelled += 1
            if self._cancelled > 64 and 2 * self._cancelled > len(self._alarms):
                self._alarms = [entry for entry in self._alarms if entry[2].call is not None]
                heapq.heapify(self._alarms)
                self._cancelled = 0

    def close(self) -> None:
        """End the thread; alarms that have not come are dropped."""
        with self._changed:
            self._closed = True
            self._alarms.clear()
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (left := self._left()) != 0:
                    self._changed.wait(left)
                if self._closed:
                    return
                call = heapq.heappop(self._alarms)[2].call
            if call is not None:
                call()

    def _left(self) -> float | None:
        """Seconds to the next alarm, 0 where it is due, None where there is none."""
        return max(0.0, self._alarms[0][0] - time.monotonic()) if self._alarms else None
