"""Services of plugins, put into the container without importing their code.

``provides`` names a Protocol and is imported; the plugin's ``entry`` only when somebody
asks for the service. Until the container is used for the first time not even the Protocols
are imported: a plugin list does not need them.

The entry is a class or a function. What its parameters are annotated with comes from the
container; a parameter annotated with :class:`~kadr_sdk.plugin.PluginContext`, or a single
one without annotation, gets the plugin's context. A ``start`` method is called when the
service is made, ``stop`` and ``close`` when it ends, ``health`` when somebody asks. Its first
short name, if any, is its name in the container.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import Any

from kadr_sdk.errors import KadrError, PluginError, ServiceNotFoundError
from kadr_sdk.manifest import Contribution, Manifest
from kadr_sdk.plugin import PluginContext
from kadr_sdk.services import Container

from kadr_kernel.container import Recipe, Registry, recipe
from kadr_kernel.plugins.endings import Endings
from kadr_kernel.plugins.failures import attributed
from kadr_kernel.plugins.loader import Loader

__all__ = ["PluginServices"]


class PluginServices:
    """Contributions of kind ``service``. Safe to use from any thread.

    Args:
        registry: where the recipes go.
        loader: imports entries.
        context_of: the context of a plugin.
        report: told where a plugin's services cannot be added after all.
        endings: ends live services.
    """

    def __init__(
        self,
        registry: Registry,
        loader: Loader,
        context_of: Callable[[str], PluginContext],
        report: Callable[[str, KadrError], None],
        endings: Endings,
    ) -> None:
        self._registry = registry
        self._loader = loader
        self._context_of = context_of
        self._report = report
        self._endings = endings
        self._lock = threading.RLock()
        self._pending: dict[str, Manifest] = {}
        self._ready = False

    def add(self, manifest: Manifest) -> None:
        """Add the services of a plugin, all or none.

        Raises:
            KadrError: the Protocol cannot be imported, or the recipe is refused; only after
                :meth:`ready`, before it nothing is looked at.
        """
        if not any(item.kind == "service" for item in manifest.contributions):
            return
        with self._lock:
            if self._ready:
                self._provide(manifest)
            else:
                self._pending[manifest.id] = manifest

    def remove(self, plugin: str) -> None:
        """Take the services of a plugin away; live ones are closed."""
        with self._lock:
            if self._pending.pop(plugin, None) is None and self._ready:
                self._registry.remove_owner(plugin)

    def ready(self) -> None:
        """Add what has been waiting: the container is about to be used."""
        if self._ready:
            return
        with self._lock:
            self._ready = True
            for plugin, manifest in self._pending.items():
                try:
                    self._provide(manifest)
                except KadrError as error:
                    self._report(plugin, error)
            self._pending.clear()

    def _provide(self, manifest: Manifest) -> None:
        items = [item for item in manifest.contributions if item.kind == "service"]
        self._registry.add(*(self._recipe(item) for item in items))

    def _recipe(self, item: Contribution) -> Recipe:
        def make(container: Container) -> Any:
            return self._make(item, container)

        def end(service: Any) -> None:
            self._endings.run(item.plugin, item.id, lambda: _end(service))

        return recipe(
            _protocol(item),
            make,
            name=item.names[0] if item.names else "",
            scope=item.scope,
            owner=item.plugin,
            close=end,
            health=True,
        )

    def _make(self, item: Contribution, container: Container) -> Any:
        context = self._context_of(item.plugin)
        factory = self._loader.get(item.plugin, item.entry)

        def work() -> Any:
            service = factory(**_arguments(factory, context, container))
            start = getattr(service, "start", None)
            if callable(start):
                start()
            return service

        return self._loader.run(item.plugin, item.entry, "constructing", work)


def _protocol(item: Contribution) -> Any:
    module, _, attribute = item.provides.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:
        raise attributed(item.plugin, f"finding the Protocol {item.provides!r}", error) from error


def _arguments(factory: Any, context: PluginContext, container: Container) -> dict[str, Any]:
    """What the parameters of a factory ask for, by name."""
    import inspect

    parameters = inspect.signature(factory, eval_str=True).parameters
    required = [p for p in parameters.values() if p.default is p.empty and p.kind == p.POSITIONAL_OR_KEYWORD]
    if len(required) == len(parameters) == 1 and required[0].annotation is inspect.Parameter.empty:
        return {required[0].name: context}
    wanted = recipe(object, factory)
    if wanted.defect:
        raise PluginError(wanted.defect, hint="annotate every parameter with the service that it needs")
    found: dict[str, Any] = {}
    for need in wanted.needs:
        try:
            given = need.key.kind is PluginContext
            found[need.parameter] = context if given else container.get(need.key.kind, need.key.name)
        except ServiceNotFoundError as error:
            if not need.optional or error.data.get("service") != str(need.key):
                raise
    return found


def _end(service: Any) -> None:
    """Stop, then close, each where there is such a method."""
    for name in ("stop", "close"):
        method = getattr(service, name, None)
        if callable(method):
            method()
