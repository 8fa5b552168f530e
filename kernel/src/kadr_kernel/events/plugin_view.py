"""The bus as one plugin sees it: its name on all it says, and one handle to end all it hears."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from kadr_sdk.errors import PluginError, PluginNotActiveError
from kadr_sdk.events import Envelope, Event
from kadr_sdk.ids import check_plugin_id

from kadr_kernel.events.dispatch import Subscriber
from kadr_kernel.events.stream import BoundedStream

if TYPE_CHECKING:
    from kadr_kernel.events.bus import Bus

__all__ = ["PluginBus"]

E = TypeVar("E", bound=Event)


class PluginBus:
    """A plugin's view; implements ``kadr_sdk.services.EventBus``.

    Publishing works to the end, so that a stopping plugin can say what it did; subscribing
    does not after :meth:`close`.

    Raises:
        ValueError: not a plugin id.
    """

    def __init__(self, bus: Bus, plugin: str) -> None:
        self._bus = bus
        self._source = f"plugin:{check_plugin_id(plugin)}"
        self._closed = False

    def publish(self, event: Event, *, source: str = "", correlation: str = "") -> Envelope:
        """As the bus does, with ``plugin:<id>`` as source.

        Raises:
            PluginError: another source is given.
        """
        if source and source != self._source:
            raise PluginError(f"{self._source} cannot publish as {source!r}", hint="leave the source out")
        return self._bus.publish(event, source=self._source, correlation=correlation)

    def subscribe(
        self, kind: type[E], handler: Callable[[E], None], *, priority: int = 0, name: str = ""
    ) -> Subscriber:
        """As the bus does.

        Raises:
            PluginNotActiveError: the plugin is stopped.
        """
        name = self._named(handler, name)
        return self._bus.add((kind,), handler, whole=False, priority=priority, name=name, owner=self)

    def subscribe_envelopes(
        self, handler: Callable[[Envelope], None], *, priority: int = 0, name: str = ""
    ) -> Subscriber:
        """As the bus does.

        Raises:
            PluginNotActiveError: the plugin is stopped.
        """
        name = self._named(handler, name)
        return self._bus.add((Event,), handler, whole=True, priority=priority, name=name, owner=self)

    def stream(self, *kinds: type[Event], size: int = 1000, drop: str = "oldest") -> BoundedStream:
        """As the bus does.

        Raises:
            PluginNotActiveError: the plugin is stopped.
        """
        self._check_open()
        return self._bus.add_stream(kinds, size, drop, owner=self)

    def journal(self) -> Sequence[Envelope]:
        """The last envelopes, oldest first."""
        return self._bus.journal()

    def close(self) -> int:
        """Cancel every subscription and stream made through this view; how many there were."""
        self._closed = True
        return self._bus.cancel_owned(self)

    def _named(self, handler: object, name: str) -> str:
        self._check_open()
        return f"{self._source} {name or getattr(handler, '__qualname__', type(handler).__qualname__)}"

    def _check_open(self) -> None:
        if self._closed:
            raise PluginNotActiveError(f"{self._source} is stopped and cannot subscribe")
