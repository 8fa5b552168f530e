"""What a Python plugin sees of the kernel: its context, and the shape of its commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from logging import Logger
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from kadr_sdk.permissions import PermissionSet

if TYPE_CHECKING:
    from kadr_sdk.services import Catalogue, Config, Container, EventBus, Plugins, Tracer

__all__ = ["Command", "Host", "Kernel", "PluginContext"]


class PluginContext(Protocol):
    """Handed to contributions of a plugin and to its hook module.

    Attributes:
        plugin: the plugin's id.
        storage: a folder of its own, made on first use.
        config: its settings, validated against ``[config]`` of the manifest.
        logger, tracer: with the plugin's name.
        permissions: what is granted to it.
        events: the bus; what the plugin publishes carries ``plugin:<id>`` as source.
        container: services.
    """

    plugin: str
    storage: Path
    config: Mapping[str, Any]
    logger: Logger
    tracer: Tracer
    permissions: PermissionSet
    events: EventBus
    container: Container


class Kernel(Protocol):
    """The running kernel, as hosts and commands see it.

    Attributes:
        version: of the kernel.
    """

    version: str
    events: EventBus
    container: Container
    catalogue: Catalogue
    plugins: Plugins
    config: Config

    def health(self) -> Sequence[Mapping[str, Any]]:
        """Rows {name, status: healthy|warning|unhealthy, message}; the worst first."""
        ...


class Host(Protocol):
    """A contribution of kind ``host``: talks to the user."""

    def run(self, kernel: Kernel, argv: Sequence[str]) -> int:
        """Serve until done; the exit code."""
        ...


class Command(Protocol):
    """A contribution of kind ``command``: ``run`` gets what follows the command's name.

    ``entry`` names a callable of this signature (or a class with ``__call__``).
    """

    def __call__(self, kernel: Kernel, argv: Sequence[str]) -> int:
        """Do it; the exit code."""
        ...
