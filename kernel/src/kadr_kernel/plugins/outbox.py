"""Events told in the order in which things happened, outside of the lock under which they did."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from kadr_sdk.events import Event
from kadr_sdk.services import EventBus

__all__ = ["Outbox"]


class Outbox:
    """A queue in front of the bus.

    ``put`` is called under the owner's lock, ``send`` after it is released. One thread at a
    time publishes, and for all: so order is kept, and no thread waits for another one's
    subscribers.
    """

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._queue: deque[Event] = deque()
        self._sending = threading.Lock()

    def put(self, events: Iterable[Event]) -> None:
        """Queue events."""
        self._queue.extend(events)

    def send(self) -> None:
        """Publish what is queued, unless a thread is at it already: it will do."""
        while self._queue and self._sending.acquire(blocking=False):
            # Looked at again after the release: what came in between would be left behind.
            try:
                while self._queue:
                    self._bus.publish(self._queue.popleft())
            finally:
                self._sending.release()
