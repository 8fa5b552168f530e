"""Ends processes that have not answered in time."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

__all__ = ["Watchdog"]

_STEP = 0.05


class Watchdog:
    """One thread for all of them; it sleeps while none is watched. Safe to use from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watched: dict[object, tuple[float, Callable[[], object]]] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    @contextlib.contextmanager
    def watching(self, seconds: float, bite: Callable[[], object]) -> Iterator[None]:
        """Call ``bite`` once, from another thread, where the block takes longer."""
        key = object()
        with self._changed:
            self._watched[key] = time.monotonic() + seconds, bite
            if len(self._watched) == 1:
                self._start()
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._watched.pop(key, None)

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _start(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._watch, name="kadr-guest-watch", daemon=True)
            self._thread.start()

    def _watch(self) -> None:
        while True:
            with self._changed:
                while not self._watched and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                late = self._take_late()
            for bite in late:
                bite()
            time.sleep(_STEP)

    def _take_late(self) -> list[Callable[[], object]]:
        now = time.monotonic()
        keys = [key for key, (end, _) in self._watched.items() if end < now]
        return [self._watched.pop(key)[1] for key in keys]
