"""What the runtime asks of the house about the plugin behind a guest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kadr_sdk.errors import PermissionDeniedError
from kadr_sdk.events import Event
from kadr_sdk.permissions import Permission, PermissionSet

from kadr_kernel.permissions.confinement import Confinement

__all__ = ["House", "Keys"]


class Keys(Protocol):
    """The gate, as far as guests meet it (:class:`kadr_kernel.permissions.PermissionGate`)."""

    def refusal(self, plugin: str, name: str) -> PermissionDeniedError | None:
        """Why a plugin has nothing of a permission; None where it has some."""
        ...

    def allowed(self, plugin: str, permission: Permission) -> bool:
        """Whether it may."""
        ...

    def granted(self, plugin: str) -> PermissionSet:
        """What it has."""
        ...


class _NoKeys:
    def refusal(self, plugin: str, name: str) -> PermissionDeniedError | None:
        return PermissionDeniedError(f"plugin {plugin!r} is not known, so it may do nothing", permission=name)

    def allowed(self, plugin: str, permission: Permission) -> bool:  # noqa: ARG002 - the Protocol's signature
        return False

    def granted(self, plugin: str) -> PermissionSet:  # noqa: ARG002 - the Protocol's signature
        return PermissionSet()


@dataclass(frozen=True, slots=True)
class House:
    """What stands around the sandbox; by default nothing is granted.

    Attributes:
        keys: the permission check.
        confinement: what a guest is held to, by plugin and digest; None: the runtime's own limits,
            in this process.
        asked: ``[limits]`` of a plugin's manifest.
        settings: what ``config_get`` answers from.
        storage: folder with a folder for every plugin's guests; None: guests keep nothing.
        publish: takes events.
        measured: takes plugin, effect and numbers of a job that is over.
    """

    keys: Keys = field(default_factory=_NoKeys)
    confinement: Callable[[str, str], Confinement] | None = None
    asked: Callable[[str], Mapping[str, float]] = lambda _plugin: {}
    settings: Callable[[str], Mapping[str, Any]] = lambda _plugin: {}
    storage: Path | None = None
    publish: Callable[[Event], object] = lambda _event: None
    measured: Callable[[str, str, Mapping[str, float]], object] = lambda *_what: None
