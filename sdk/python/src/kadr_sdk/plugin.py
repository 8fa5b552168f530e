"""What a Python plugin sees of the kernel: its context, and the shape of its commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from logging import Logger
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from kadr_sdk.permissions import PermissionSet

if TYPE_CHECKING:
    from kadr_sdk.data_guests import CommandDescriptor
    from kadr_sdk.services import Catalogue, Config, Container, EventBus, Installations, Plugins, Tracer

__all__ = ["Command", "CommandAnswer", "DescribedCommand", "Host", "Kernel", "PluginContext"]


class PluginContext(Protocol):
    """Handed to contributions of a plugin and to its hook module."""

    @property
    def plugin(self) -> str:
        """The plugin's id."""
        ...

    @property
    def storage(self) -> Path:
        """A folder of its own, made on first use."""
        ...

    @property
    def config(self) -> Mapping[str, Any]:
        """Its settings, validated against ``[config]`` of the manifest."""
        ...

    @property
    def logger(self) -> Logger:
        """With the plugin's name."""
        ...

    @property
    def tracer(self) -> Tracer:
        """With the plugin's name."""
        ...

    @property
    def permissions(self) -> PermissionSet:
        """What is granted to it."""
        ...

    @property
    def events(self) -> EventBus:
        """The bus; what the plugin publishes carries ``plugin:<id>`` as source."""
        ...

    @property
    def container(self) -> Container:
        """Services."""
        ...


class Kernel(Protocol):
    """The running kernel, as hosts and commands see it."""

    @property
    def version(self) -> str:
        """Of the kernel."""
        ...

    @property
    def events(self) -> EventBus:
        """The bus."""
        ...

    @property
    def container(self) -> Container:
        """Services."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """Contributions of active plugins."""
        ...

    @property
    def plugins(self) -> Plugins:
        """The plugin lifecycle."""
        ...

    @property
    def config(self) -> Config:
        """Settings."""
        ...

    @property
    def installations(self) -> Installations:
        """Where plugins from registries lie, and what they were allowed; without making the container."""
        ...

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


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What a described command says.

    Attributes:
        text: lines for people, safe to print. data: for programs, JSON-ready.
        content: of the file that it makes, None where it makes none.
    """

    text: str = ""
    data: Any = None
    exit_code: int = 0
    content: bytes | None = None


@runtime_checkable
class DescribedCommand(Protocol):
    """A command without a command line of its own: the host makes one of its description."""

    @property
    def described(self) -> CommandDescriptor:
        """Parameters, what it takes and what it makes."""
        ...

    def execute(self, kernel: Kernel, args: Mapping[str, Any]) -> CommandAnswer:
        """Carry it out; ``args`` are ``input`` (a path) and parameters by name."""
        ...
