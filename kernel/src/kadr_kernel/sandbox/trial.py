"""A runtime for guests under construction, whose plugin is not installed.

Their author asked for it, so they have the limits that a publisher's have. Of what the manifest
asks for they get what reaches nothing of this machine; nothing of a trial stays behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kadr_sdk.errors import PermissionDeniedError
from kadr_sdk.permissions import Permission, PermissionSet

from kadr_kernel.permissions.confinement import Confinement
from kadr_kernel.sandbox.house import House

if TYPE_CHECKING:
    from kadr_sdk.manifest import Manifest

    from kadr_kernel.sandbox.runtime import CoreRuntime

__all__ = ["HARMLESS", "on_trial"]

HARMLESS = ("log", "progress", "config", "storage")
"""Permissions that a trial gives: the log, settings at their defaults, a store that is empty."""


class _TrialKeys:
    """What the manifest asks for, as far as it is harmless."""

    def __init__(self, asked: PermissionSet) -> None:
        self._has = PermissionSet.of(p for p in asked if p.name in HARMLESS)
        self._asked = {p.name for p in asked}

    def refusal(self, plugin: str, name: str) -> PermissionDeniedError | None:
        if name not in self._asked:
            hint = f"write {name} into [permissions] of plugin.toml"
            return PermissionDeniedError(f"{plugin} does not ask for it", permission=name, hint=hint)
        if name in HARMLESS:
            return None
        hint = f"put the plugin into a plugin folder and grant it: kadr plugin enable {plugin}"
        return PermissionDeniedError("a trial does not give it", permission=name, hint=hint)

    def allowed(self, plugin: str, permission: Permission) -> bool:  # noqa: ARG002 - the Protocol's signature
        return permission.name in {p.name for p in self._has}

    def granted(self, plugin: str) -> PermissionSet:  # noqa: ARG002 - the Protocol's signature
        return self._has


@contextmanager
def on_trial(manifest: Manifest, folder: Path, *, apart: bool) -> Iterator[CoreRuntime]:
    """The runtime for the guests of a manifest; with the block everything of it ends.

    Args:
        folder: for compiled code and for what guests keep.
        apart: in a process of their own.
    """
    from kadr_kernel.sandbox.runtime import CoreRuntime

    held = Confinement("standard", "extended", "process" if apart else "in_process")
    settings = {name: row.get("default") for name, row in manifest.config.items()}
    house = House(
        keys=_TrialKeys(manifest.permission_set),
        confinement=lambda _plugin, _digest: held,
        asked=lambda _plugin: manifest.limits,
        settings=lambda _plugin: settings,
        storage=folder / "storage",
    )
    runtime = CoreRuntime(folder / "code", house=house)
    try:
        yield runtime
    finally:
        runtime.close()
