"""The store as a service of the kernel."""

from __future__ import annotations

from urllib.parse import urlsplit

from kadr_sdk.permissions import Permission
from kadr_sdk.plugin import PluginContext
from kadr_sdk.services import Gate, Scheduler

from kadr_models.settings import Settings
from kadr_models.store import FileStore, Means

__all__ = ["open_store"]


def open_store(context: PluginContext) -> FileStore:
    """The store of the plugin's settings; nothing is read before the first use."""
    gate = context.container.get(Gate)

    def connect(address: str) -> None:
        parts = urlsplit(address)
        if parts.hostname:
            host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
            port = parts.port or {"https": 443, "http": 80}[parts.scheme]
            gate.require(context.plugin, Permission("net", f"{host}:{port}"))

    means = Means(
        context.container.get(Scheduler).cpu_count,
        gate.allowed(context.plugin, Permission("gpu")),
        connect,
    )
    return FileStore(Settings.of(context.config, context.storage), means)
