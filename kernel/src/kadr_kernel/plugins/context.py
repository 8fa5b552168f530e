"""What a plugin gets of the kernel: its own folder, settings, logger, view of the bus."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import ConfigError, ManifestError, Problem, StorageError
from kadr_sdk.manifest import Manifest
from kadr_sdk.permissions import PermissionSet
from kadr_sdk.services import Container, EventBus, Tracer

if TYPE_CHECKING:
    from kadr_sdk.params import Param

__all__ = ["Context", "config_values"]


class Context:
    """Implements :class:`kadr_sdk.plugin.PluginContext`.

    Nothing is made before it is asked for: most plugins never open a folder.

    Args:
        manifest: whose context it is.
        data: the plugins' data folder; the plugin's own is below it.
        settings: the user's section for this plugin.
        permissions: those granted.
        events: the plugin's view of the bus.
        container: gives the services when they are first asked for.
    """

    def __init__(
        self,
        manifest: Manifest,
        *,
        data: Path,
        settings: Callable[[], Mapping[str, Any]],
        permissions: Callable[[], PermissionSet],
        events: EventBus,
        container: Callable[[], Container],
    ) -> None:
        self.plugin = manifest.id
        self.logger = logging.getLogger(f"kadr.plugin.{manifest.id}")
        self.events = events
        self._manifest = manifest
        self._folder = data / manifest.id
        self._settings = settings
        self._permissions = permissions
        self._container = container
        self._config: Mapping[str, Any] | None = None
        self._lock = threading.Lock()

    @property
    def storage(self) -> Path:
        """A folder of its own, made on first use.

        Raises:
            StorageError: it cannot be made.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"the plugin's folder cannot be made: {error}", path=self._folder) from error
        return self._folder

    @property
    def config(self) -> Mapping[str, Any]:
        """Its settings with their defaults, checked against ``[config]`` of the manifest.

        Raises:
            ConfigError: with every wrong value.
            ManifestError: the plugin declares its settings wrongly.
        """
        with self._lock:
            if self._config is None:
                self._config = MappingProxyType(config_values(self._manifest, self._settings()))
            return self._config

    @property
    def tracer(self) -> Tracer:
        """Spans that carry the plugin's name."""
        return _NamedTracer(self._container().get(Tracer), self.plugin)

    @property
    def permissions(self) -> PermissionSet:
        """What is granted to it now."""
        return self._permissions()

    @property
    def container(self) -> Container:
        """Services."""
        return self._container()


class _NamedTracer:
    """A tracer whose spans say which plugin they belong to."""

    def __init__(self, tracer: Tracer, plugin: str) -> None:
        self._tracer = tracer
        self._plugin = plugin

    def span(self, name: str, **attributes: str | int | float | bool) -> Any:
        return self._tracer.span(name, **{"plugin": self._plugin} | attributes)


def config_values(manifest: Manifest, given: Mapping[str, Any]) -> dict[str, Any]:
    """Values for every declared setting.

    Raises:
        ConfigError: with every unknown, wrong or missing one.
        ManifestError: the declaration itself is wrong.
    """
    from kadr_sdk.params import check_params

    section = f'plugin."{manifest.id}"'
    values, problems = check_params(_declared(manifest), given, section)
    if problems:
        error = ConfigError(f"the settings of plugin {manifest.id!r} are wrong", path=section)
        error.hint = "; ".join(str(p) for p in problems)
        raise error
    return values


def _declared(manifest: Manifest) -> list[Param]:
    from kadr_sdk.params import Param

    declared, problems = [], []
    for name, table in manifest.config.items():
        try:
            declared.append(Param.from_dict({**table, "name": name}))
        except (ValueError, TypeError) as error:
            problems.append(Problem(f"config.{name}", str(error)))
    if problems:
        path = Path(manifest.location) / "plugin.toml"
        raise ManifestError("the manifest declares settings wrongly", problems, path=path)
    return declared
