"""The event bus: facts to whoever asked for them, in order, and nobody can spoil it for others.

Rules:

- ``publish`` numbers the event, writes it into the journal and calls every subscriber of its
  class and of the classes above it, the higher priority first, in the caller's thread.
- Numbers, times and journal are in one order: they are given under one short lock. No lock
  is held while subscribers are called, so they may publish, subscribe and cancel.
- A subscriber that raises is logged with its traceback and reported by one
  ``SubscriberFailed``; the next subscriber is called all the same. A failure in the handling
  of ``SubscriberFailed`` itself is only logged: reports never breed reports. Whatever is
  raised is isolated, ``SystemExit`` too, except ``KeyboardInterrupt``: that is the user's.
- A subscriber that fails :data:`MAX_FAILURES` times in a row is unsubscribed and a
  ``WarningRaised`` says so. One success begins the count anew.
- Events may cause events, :data:`MAX_DEPTH` deep in one thread. Deeper they feed
  themselves: the publication is refused, and the subscriber that made it is unsubscribed.
"""

from __future__ import annotations

import inspect
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from kadr_sdk.errors import InternalError
from kadr_sdk.events import Envelope, Event, SubscriberFailed, WarningRaised
from kadr_sdk.text import printable

from kadr_kernel.events import journal
from kadr_kernel.events.correlation import CORRELATION
from kadr_kernel.events.dispatch import DispatchTable, Subscriber
from kadr_kernel.events.plugin_view import PluginBus
from kadr_kernel.events.stream import BoundedStream

__all__ = ["MAX_DEPTH", "MAX_FAILURES", "Bus", "FeedbackError"]

E = TypeVar("E", bound=Event)

MAX_FAILURES = 20
"""Failures in a row after which a subscriber is unsubscribed."""
MAX_DEPTH = 50
"""How deep events may be published from within handlers of events."""

_SOURCE = re.compile(r"system|user|plugin:[a-z][a-z0-9_.]*")
_log = logging.getLogger(__name__)


class FeedbackError(RecursionError):
    """Events that cause themselves without end."""


class _Depth(threading.local):
    """How many publications the current thread is inside of."""

    now = 0


class Bus:
    """Typed publish and subscribe; implements ``kadr_sdk.services.EventBus``. Thread-safe.

    Args:
        journal_size: how many envelopes the journal keeps.
        clock: monotonic nanoseconds, replaceable in tests.
    """

    def __init__(self, *, journal_size: int = 1000, clock: Callable[[], int] = time.monotonic_ns) -> None:
        # Re-entrant: a signal handler or a finalizer may publish in the middle of publish.
        self._lock = threading.RLock()
        self._clock = clock
        self._journal: deque[Envelope] = deque(maxlen=journal_size)
        self._last_id = 0
        self._table = DispatchTable()
        self._depth = _Depth()
        self._closed = False

    def publish(self, event: Event, *, source: str = "system", correlation: str = "") -> Envelope:
        """Call every subscriber in order of priority; one that raises is reported and isolated.

        Args:
            event: what has happened; not changed afterwards by anyone.
            source: ``system``, ``user`` or ``plugin:<id>``.
            correlation: job or command; without one, that of the ``correlation`` block.

        Raises:
            TypeError: not an event.
            ValueError: an unknown source.
            FeedbackError: published from handlers within handlers, too deep.
        """
        if source != "system" and not _SOURCE.fullmatch(source):
            raise ValueError(f"unknown source {source!r}; write system, user or plugin:<id>")
        subscribers = self._table[type(event)]
        if not correlation:
            correlation = CORRELATION.get()
        with self._lock:
            self._last_id = number = self._last_id + 1
            envelope = Envelope(number, self._clock(), source, correlation, event)
            self._journal.append(envelope)
        if subscribers:
            self._deliver(envelope, subscribers)
        return envelope

    def _deliver(self, envelope: Envelope, subscribers: tuple[Subscriber, ...]) -> None:
        depth = self._depth
        if depth.now >= MAX_DEPTH:
            raise FeedbackError(f"events feed themselves: {MAX_DEPTH} deep at {envelope.event.name}")
        depth.now += 1
        try:
            for subscriber in subscribers:
                if subscriber.active:
                    self._call(subscriber, envelope)
        finally:
            depth.now -= 1

    def _call(self, subscriber: Subscriber, envelope: Envelope) -> None:
        try:
            subscriber.handler(envelope if subscriber.whole else envelope.event)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - no subscriber can stop anything
            self._failed(subscriber, envelope, error)
        else:
            if subscriber.failures:
                subscriber.failures = 0

    def _failed(self, subscriber: Subscriber, envelope: Envelope, error: BaseException) -> None:
        name, event = subscriber.name, envelope.event
        with self._lock:
            subscriber.failures += 1
            give_up = subscriber.failures >= MAX_FAILURES or isinstance(error, FeedbackError)
            give_up = give_up and subscriber.active
        if give_up:
            subscriber.cancel()
        _log.error("subscriber %s failed on %s", name, event.name, exc_info=error)
        if not isinstance(event, SubscriberFailed):
            text = f"{type(error).__name__}: {printable(error, 500)}"
            self._report(SubscriberFailed(name, event.name, text), envelope.correlation)
        if give_up:
            reason = str(error) if isinstance(error, FeedbackError) else f"{MAX_FAILURES} failures in a row"
            warning = WarningRaised(f"subscriber {name} was unsubscribed: {reason}")
            _log.warning(warning.message)
            self._report(warning, envelope.correlation)

    def _report(self, event: Event, correlation: str) -> None:
        # Near the depth limit a report would itself be refused; a fresh count lets it out.
        depth, self._depth.now = self._depth.now, min(self._depth.now, MAX_DEPTH - 2)
        try:
            self.publish(event, correlation=correlation)
        finally:
            self._depth.now = depth

    def subscribe(
        self, kind: type[E], handler: Callable[[E], None], *, priority: int = 0, name: str = ""
    ) -> Subscriber:
        """Call ``handler`` with every event of ``kind``; the higher priority first.

        Raises:
            TypeError: not an event class, not callable, or a coroutine function.
            InternalError: the bus is closed.
        """
        return self.add((kind,), handler, whole=False, priority=priority, name=name)

    def subscribe_envelopes(
        self, handler: Callable[[Envelope], None], *, priority: int = 0, name: str = ""
    ) -> Subscriber:
        """Call ``handler`` with every envelope.

        Raises:
            TypeError: not callable, or a coroutine function.
            InternalError: the bus is closed.
        """
        return self.add((Event,), handler, whole=True, priority=priority, name=name)

    def stream(self, *kinds: type[Event], size: int = 1000, drop: str = "oldest") -> BoundedStream:
        """A bounded queue of ``kinds`` (none: of everything).

        Raises:
            TypeError: not an event class.
            ValueError: a size below 1 or an unknown drop policy.
            InternalError: the bus is closed.
        """
        return self.add_stream(kinds, size, drop)

    def add_stream(
        self, kinds: tuple[type[Event], ...], size: int, drop: str, owner: object = None
    ) -> BoundedStream:
        """As :meth:`stream`, for an owner whose streams can be closed together."""
        stream = BoundedStream(size, drop)
        subscriber = self.add(
            kinds or (Event,), stream.put, whole=True, name="stream", owner=owner, ended=stream.end
        )
        stream.on_close = subscriber.cancel
        return stream

    def add(
        self,
        kinds: tuple[type[Event], ...],
        handler: Callable[[Any], None],
        *,
        whole: bool,
        priority: int = 0,
        name: str = "",
        owner: object = None,
        ended: Callable[[], None] | None = None,
    ) -> Subscriber:
        """Put a subscriber in; the ground of the methods above and of a plugin's view."""
        _check(kinds, handler)
        name = name or getattr(handler, "__qualname__", "") or type(handler).__qualname__
        subscriber = Subscriber(kinds, handler, whole, priority, name, self._remove, owner, ended)
        with self._lock:
            if self._closed:
                raise InternalError("the event bus is closed")
            self._table = self._table.plus(subscriber)
        return subscriber

    def _remove(self, subscriber: Subscriber) -> None:
        with self._lock:
            self._table = self._table.minus(subscriber)

    def cancel_owned(self, owner: object) -> int:
        """Cancel every subscription of an owner; how many there were."""
        owned = [s for s in self._table.subscribers if s.owner is owner]
        for subscriber in owned:
            subscriber.cancel()
        return len(owned)

    def for_plugin(self, plugin: str) -> PluginBus:
        """The bus as one plugin sees it; close the view when the plugin stops.

        Raises:
            ValueError: not a plugin id.
        """
        return PluginBus(self, plugin)

    def journal(self) -> Sequence[Envelope]:
        """The last envelopes, oldest first, for a bug report."""
        with self._lock:
            return tuple(self._journal)

    def dump(self, path: Path) -> int:
        """Write the journal as JSON lines, made safe to print; the number of lines.

        Raises:
            StorageError: the file cannot be written.
        """
        return journal.dump(self.journal(), path)

    def close(self) -> None:
        """End every subscription and stream. Later events reach the journal alone."""
        with self._lock:
            self._closed = True
        for subscriber in self._table.subscribers:
            subscriber.cancel()


def _check(kinds: tuple[object, ...], handler: object) -> None:
    for kind in kinds:
        if not (isinstance(kind, type) and issubclass(kind, Event)):
            raise TypeError(f"{kind!r} is not an event class; derive it from kadr_sdk.events.Event")
    if not callable(handler):
        raise TypeError(f"{handler!r} cannot be called")
    if inspect.iscoroutinefunction(handler):
        raise TypeError(f"{handler!r} is a coroutine function; nobody would await it, use a stream")
