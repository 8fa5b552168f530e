"""What guests did, kept from run to run in one small file."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kadr_sdk.errors import StorageError

from kadr_kernel.disk import locked, write_whole

__all__ = ["Ledger"]

_FORMAT = 1
_MOST_BYTES = 1 << 20
_MOST_EFFECTS = 500


class Ledger:
    """Sums of all jobs, and the numbers of the last one, by plugin and effect.

    It is a convenience: where it cannot be read or written, nothing else suffers.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, plugin: str, effect: str, numbers: Mapping[str, float]) -> None:
        """Add the numbers of a job."""
        with suppress(StorageError, OSError), locked(self._path.with_suffix(".lock")):
            plugins = self._load()
            effects = plugins.setdefault(plugin, {})
            row = effects.pop(effect, {})
            total = row.get("total", {})
            sums = {name: _sum(name, total.get(name, 0), value) for name, value in numbers.items()}
            effects[effect] = {
                "jobs": row.get("jobs", 0) + 1,
                "last_at": int(time.time()),
                "last": dict(numbers),
                "total": sums,
            }
            self._trim(plugins)
            document = {"format": _FORMAT, "plugins": plugins}
            write_whole(self._path, json.dumps(document, indent=1).encode(), private=True)

    def rows(self, plugin: str) -> dict[str, dict[str, Any]]:
        """By effect: ``jobs``, ``last_at`` (seconds since 1970), ``last`` and ``total`` numbers."""
        return dict(self._load().get(plugin, {}))

    def _load(self) -> dict[str, dict[str, dict[str, Any]]]:
        try:
            if self._path.stat().st_size > _MOST_BYTES:
                return {}
            document = json.loads(self._path.read_bytes())
            plugins = document["plugins"] if document["format"] == _FORMAT else {}
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return {}
        return plugins if _is_sound(plugins) else {}

    @staticmethod
    def _trim(plugins: dict[str, dict[str, dict[str, Any]]]) -> None:
        """Forget the effects that were used longest ago."""
        rows = [(row["last_at"], p, e) for p, effects in plugins.items() for e, row in effects.items()]
        for _, plugin, effect in sorted(rows)[: max(0, len(rows) - _MOST_EFFECTS)]:
            del plugins[plugin][effect]


def _sum(name: str, before: float, now: float) -> float:
    return max(before, now) if name == "peak_memory" else before + now


def _is_sound(plugins: Any) -> bool:
    return isinstance(plugins, dict) and all(
        isinstance(effects, dict) and all(_is_row(row) for row in effects.values())
        for effects in plugins.values()
    )


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and all(
        (
            isinstance(row.get("jobs"), int),
            isinstance(row.get("last_at"), int),
            *(_is_numbers(row.get(key)) for key in ("last", "total")),
        )
    )


def _is_numbers(row: Any) -> bool:
    return isinstance(row, dict) and all(isinstance(value, int | float) for value in row.values())
