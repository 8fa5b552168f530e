"""Who is called for an event class: a table that is replaced, never changed under a reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kadr_sdk.events import Event

__all__ = ["DispatchTable", "Subscriber"]


@dataclass(slots=True, eq=False)
class Subscriber:
    """One subscription, and the token that its owner holds.

    Attributes:
        kinds: event classes it wants, subclasses included.
        handler: called with the event, or with the envelope where ``whole``.
        priority: the higher is called first; equals in order of subscription.
        name: for reports.
        remove: takes it out of the bus.
        owner: the view that made it, None for the bus itself.
        ended: called once after cancellation.
        active: False from the moment of cancellation on.
        failures: how many times in a row it raised.
    """

    kinds: tuple[type[Event], ...]
    handler: Callable[[Any], None]
    whole: bool
    priority: int
    name: str
    remove: Callable[[Subscriber], None]
    owner: object = None
    ended: Callable[[], None] | None = None
    active: bool = True
    failures: int = 0

    def cancel(self) -> None:
        """Stop it; a second call does nothing. A call under way in another thread may still end."""
        if self.active:
            self.active = False
            self.remove(self)
            if self.ended is not None:
                self.ended()


class DispatchTable(dict[type[Event], tuple[Subscriber, ...]]):
    """Subscribers by exact event class, in order of call, worked out on first use.

    A change of subscriptions makes a new table, so that a publisher who holds this one
    iterates over a list that nobody changes and needs no lock.
    """

    def __init__(self, subscribers: tuple[Subscriber, ...] = ()) -> None:
        super().__init__()
        self.subscribers = subscribers

    def __missing__(self, kind: type[Event]) -> tuple[Subscriber, ...]:
        if not issubclass(kind, Event):
            raise TypeError(f"{kind.__name__} is not an event; derive it from kadr_sdk.events.Event")
        chosen = tuple(s for s in self.subscribers if issubclass(kind, s.kinds))
        self[kind] = chosen
        return chosen

    def plus(self, subscriber: Subscriber) -> DispatchTable:
        """A table with one more subscriber; the sort is stable, so equals keep their order."""
        everyone = (*self.subscribers, subscriber)
        return DispatchTable(tuple(sorted(everyone, key=lambda s: -s.priority)))

    def minus(self, subscriber: Subscriber) -> DispatchTable:
        """A table without the subscriber."""
        return DispatchTable(tuple(s for s in self.subscribers if s is not subscriber))
