"""A bounded queue between publishers and one reader who takes their time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

from kadr_sdk.events import Envelope

__all__ = ["BoundedStream"]


class BoundedStream:
    """Envelopes waiting for a reader; implements ``kadr_sdk.services.EventStream``.

    A full queue never blocks a publisher. With ``drop="oldest"`` the reader gets the latest
    state of things, with ``drop="newest"`` an unbroken beginning; either way the loss is
    counted in ``dropped``. Several threads may read: each envelope goes to one of them.
    """

    def __init__(self, size: int = 1000, drop: str = "oldest") -> None:
        if size < 1:
            raise ValueError(f"a stream holds at least one event, not {size}")
        if drop not in ("oldest", "newest"):
            raise ValueError(f"unknown drop policy {drop!r}; write 'oldest' or 'newest'")
        self.dropped = 0
        self.on_close: Callable[[], None] | None = None
        self._size = size
        self._keep_oldest = drop == "newest"
        self._waiting: deque[Envelope] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, envelope: Envelope) -> None:
        """Queue an envelope, or drop one by the policy."""
        with self._changed:
            if self._closed:
                return
            if len(self._waiting) >= self._size:
                self.dropped += 1
                if self._keep_oldest:
                    return
                self._waiting.popleft()
            self._waiting.append(envelope)
            self._changed.notify()

    def get(self, timeout: float | None = None) -> Envelope | None:
        """The next envelope, or None after ``timeout`` seconds or when closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, timeout)
            return self._waiting.popleft() if self._waiting else None

    def __iter__(self) -> Iterator[Envelope]:
        while (envelope := self.get()) is not None:
            yield envelope

    def __len__(self) -> int:
        return len(self._waiting)

    def close(self) -> None:
        """End the stream: readers get what is queued, then the end."""
        if self.on_close is not None:
            self.on_close()
        self.end()

    def end(self) -> None:
        """Take no more and wake every reader."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
