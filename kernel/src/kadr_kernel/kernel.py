"""The kernel: owns the parts, starts and stops them in order.

Start: plugins are resolved and activated, then ``SystemStarted``. Stop, in reverse:
``SystemStopped``, plugins (the last activated first), services (the last made first), bus.
The container is made when it is first asked for, so that listing plugins does not pay for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kadr_sdk.errors import InternalError, KadrError, StorageError
from kadr_sdk.events import SystemStarted, SystemStopped
from kadr_sdk.execution import Recipe
from kadr_sdk.services import Cache as CacheProtocol
from kadr_sdk.services import Scheduler as SchedulerProtocol

from kadr_kernel import __version__
from kadr_kernel.config import Config
from kadr_kernel.container import Container, Registry
from kadr_kernel.events import Bus
from kadr_kernel.permissions.gate import PermissionGate
from kadr_kernel.plugins.catalogue import Catalogue
from kadr_kernel.plugins.hooks import Hooks
from kadr_kernel.plugins.installations import Installations
from kadr_kernel.plugins.manager import PluginManager
from kadr_kernel.plugins.services import PluginServices
from kadr_kernel.sandbox.runtime import CoreRuntime

__all__ = ["Kernel", "KernelParts", "kernel_services"]

_JOURNALS = 20  # files for bug reports that are kept


@dataclass(frozen=True, slots=True)
class KernelParts:
    """What the kernel owns; made by the composition root."""

    config: Config
    events: Bus
    gate: PermissionGate
    registry: Registry
    catalogue: Catalogue
    hooks: Hooks
    services: PluginServices
    plugins: PluginManager
    installations: Installations
    runtime: CoreRuntime
    recipe: Callable[[Kernel, bool], Recipe]


def kernel_services(registry: Registry, kernel: Kernel) -> None:
    """Put the kernel's own services into the registry: the one place where it is done."""
    from kadr_sdk import services, silent

    from kadr_kernel import defaults
    from kadr_kernel.render.services import render_services

    registry.value(services.EventBus, kernel.events)
    registry.value(services.Gate, kernel.gate)
    registry.value(services.Config, kernel.config)
    registry.value(services.Catalogue, kernel.catalogue)
    registry.value(services.Plugins, kernel.plugins)
    registry.value(services.Installations, kernel.installations)
    registry.value(Hooks, kernel.hooks)
    registry.provide(services.Scheduler, kernel.make_scheduler, close=True, health=True)
    registry.provide(services.Tracer, silent.NoTracer, fallback=True)
    registry.provide(services.Metrics, silent.NoMetrics, fallback=True)
    registry.provide(services.Cache, defaults.NoCache, fallback=True)
    registry.provide(services.Findings, defaults.NoFindings, fallback=True)
    registry.provide(services.Proxies, defaults.NoProxies, fallback=True)
    registry.provide(services.Clock, defaults.SystemClock, fallback=True)
    render_services(registry, kernel.hooks.call, kernel.config.folders.cache, kernel.recipe)


class Kernel:
    """Implements :class:`kadr_sdk.plugin.Kernel`; use it as a context manager.

    Attributes:
        hooks: the relay, for the rooms of the kernel.
        runtime: runs guests; the contribution ``core``.
    """

    version = __version__

    def __init__(self, parts: KernelParts) -> None:
        self.config = parts.config
        self.events = parts.events
        self.gate = parts.gate
        self.catalogue = parts.catalogue
        self.hooks = parts.hooks
        self.plugins = parts.plugins
        self.installations = parts.installations
        self.runtime = parts.runtime
        self._registry = parts.registry
        self._services = parts.services
        self._recipe = parts.recipe
        self._container: Container | None = None
        self._lock = threading.RLock()
        self._state = "new"

    @property
    def container(self) -> Container:
        """Services; the kernel's own and those of plugins are registered on first use.

        Raises:
            InternalError: the kernel is closed.
        """
        found = self._container
        if found is not None:
            return found
        with self._lock:
            if self._state == "closed":
                raise InternalError("the kernel is closed")
            if self._container is None:
                kernel_services(self._registry, self)
                container = Container(self._registry)
                self._services.ready()
                container.start()
                self._container = container
            return self._container

    def make_scheduler(self) -> SchedulerProtocol:
        """The one owner of threads, within the memory that the user allows."""
        from kadr_kernel.pools import Scheduler

        allowed = int(self.config.get("render.memory_mb")) * 2**20
        return Scheduler(memory_budget=allowed or None, publish=self.events.publish)

    def recipe(self, portable: bool) -> Recipe:
        """How to have this kernel in another process.

        Args:
            portable: what will be made there does not depend on the class of processor.
        """
        return self._recipe(self, portable)

    def start(self) -> Self:
        """Activate the plugins and say so; where that is interrupted, what was begun is undone.

        Raises:
            InternalError: it was started before.
        """
        if self._state != "new":
            raise InternalError(f"the kernel is {self._state} and cannot be started")
        self._state = "started"
        try:
            self.plugins.start()
            self.events.publish(SystemStarted(self.version))
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Stop everything in reverse order; a second call does nothing."""
        with self._lock:
            if self._state == "closed":
                return
            started, self._state = self._state == "started", "closed"
        if started:
            self.events.publish(SystemStopped())
        self.plugins.close()
        if self._container is not None:
            self._container.close()
        self.runtime.close()
        self.installations.close()
        self.events.close()

    def health(self) -> Sequence[Mapping[str, Any]]:
        """Rows {name, status: healthy|warning|unhealthy, message}; the worst first."""
        from kadr_kernel.health import disk_rows, plugin_row, worst_first

        self.container.get(SchedulerProtocol)
        with suppress(KadrError):  # where a plugin's cache cannot be made, its own row says why
            self.container.get(CacheProtocol)
        folders = self.config.folders
        places = [("cache", folders.cache), ("data", folders.data)]
        return worst_first([*self.container.health(), plugin_row(self.plugins.rows()), *disk_rows(places)])

    def dump_journal(self) -> Path | None:
        """Write the last events to a new file for a bug report; None where that is not possible.

        Of those files the newest are kept.
        """
        import time

        from kadr_kernel.events.journal import prune

        folder = self.config.folders.state / "journals"
        path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9:09}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.events.dump(path)
            prune(folder, _JOURNALS)
        except (OSError, StorageError):
            return None
        return path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
