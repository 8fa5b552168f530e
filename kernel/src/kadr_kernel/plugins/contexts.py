"""The contexts of running plugins, one for each stay."""

from __future__ import annotations

from collections.abc import Callable

from kadr_sdk.errors import PluginNotActiveError
from kadr_sdk.manifest import Manifest

from kadr_kernel.events import PluginBus
from kadr_kernel.plugins.context import Context

__all__ = ["Contexts"]


class Contexts:
    """Contexts by plugin.

    Args:
        make: a new context around the plugin's view of the bus.
        view: the bus as a plugin sees it.
    """

    def __init__(
        self, make: Callable[[Manifest, PluginBus], Context], view: Callable[[str], PluginBus]
    ) -> None:
        self._make = make
        self._view = view
        self._open: dict[str, tuple[Context, PluginBus]] = {}

    def open(self, manifest: Manifest) -> None:
        """Begin a stay; nothing where the plugin has a context."""
        if manifest.id not in self._open:
            view = self._view(manifest.id)
            self._open[manifest.id] = self._make(manifest, view), view

    def of(self, plugin: str) -> Context:
        """The context of a running plugin.

        Raises:
            PluginNotActiveError: it is not running.
        """
        found = self._open.get(plugin)
        if found is None:
            raise PluginNotActiveError(f"plugin {plugin!r} is not active", plugin=plugin)
        return found[0]

    def close(self, plugin: str) -> None:
        """End a stay: nothing that the plugin subscribed to reaches it any more."""
        found = self._open.pop(plugin, None)
        if found is not None:
            found[1].close()
