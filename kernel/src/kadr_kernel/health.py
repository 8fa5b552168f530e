"""How the house is: what the container's services say, failed plugins, room on the disks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from kadr_sdk.services import PluginRow
from kadr_sdk.text import printable

from kadr_kernel.container import HealthRow
from kadr_kernel.container.health import STATUSES

__all__ = ["LITTLE", "SCARCE", "disk_rows", "plugin_row", "worst_first"]

LITTLE = 1_000_000_000
"""Bytes; with less free space there is a warning."""
SCARCE = 100_000_000
"""Bytes; with less, work will fail."""


def plugin_row(rows: Iterable[PluginRow]) -> HealthRow:
    """A warning that names the plugins that failed."""
    plugins = list(rows)
    failed = sorted({printable(row.id) for row in plugins if row.state == "failed"})
    if failed:
        return HealthRow("plugins", "warning", f"failed: {', '.join(failed)}; see kadr plugin doctor")
    active = sum(row.state == "active" for row in plugins)
    return HealthRow("plugins", "healthy", f"{active} active of {len(plugins)}")


def disk_rows(folders: Iterable[tuple[str, Path]]) -> Iterator[HealthRow]:
    """Free space below each named folder, or above it where it does not exist yet."""
    import shutil

    for name, folder in folders:
        there = next((p for p in (folder, *folder.parents) if p.is_dir()), folder)
        try:
            free = shutil.disk_usage(there).free
        except OSError as error:
            yield HealthRow(f"disk: {name}", "unhealthy", f"{printable(there)}: {error.strerror}")
            continue
        status = "unhealthy" if free < SCARCE else "warning" if free < LITTLE else "healthy"
        yield HealthRow(f"disk: {name}", status, f"{free / 1e9:.1f} GB free in {printable(there)}")


def worst_first(rows: Iterable[HealthRow]) -> Sequence[dict[str, str]]:
    """As JSON-ready data, ``unhealthy`` before ``warning`` before ``healthy``, then by name."""
    ordered = sorted(rows, key=lambda row: (-STATUSES.index(row.status), row.name))
    return [row.as_dict() for row in ordered]
