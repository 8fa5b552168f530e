"""Notices that a job is paused: its check does not come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from kadr_sdk.backend import RenderContext

__all__ = ["Pauses"]

_LATE = 0.3  # seconds: a check that takes longer waits for the job to be resumed


class Pauses:
    """One thread that watches the checks of all tasks. Safe to use from any thread.

    Args:
        hold: called with True when the job is paused, with False when it goes on.
    """

    def __init__(self, hold: Callable[[bool], object]) -> None:
        self._hold = hold
        self._lock = threading.Lock()
        self._waiting: dict[int, float] = {}
        self._held = False
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="kadr-dask-pauses", daemon=True)
        self._thread.start()

    def check(self, context: RenderContext) -> None:
        """As ``context.check()``: waits while the job is paused, raises where it is cancelled."""
        me = threading.get_ident()
        with self._lock:
            self._waiting[me] = time.monotonic()
        try:
            context.check()
        finally:
            with self._lock:
                del self._waiting[me]

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._closed.wait(_LATE / 2):
            with self._lock:
                now = time.monotonic()
                late = any(now - since > _LATE for since in self._waiting.values())
            if late != self._held:
                self._held = late
                self._hold(late)
