"""Crash loops: a plugin whose code takes the whole process down is left out after three times.

Before code of a plugin is imported or constructed for the first time, a marker file is
written and locked; afterwards it is removed. A marker that is there but not locked belongs
to a process that died in between. Locks are held by the system, so a crash, ``kill -9`` and
a power cut release them, and a second kadr that is just starting is never mistaken for a
crash. Without a writable folder nothing is guarded and nothing fails.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from kadr_sdk.locks import try_lock

__all__ = ["LIMIT", "Crash", "CrashGuard"]

LIMIT = 3
"""So many crashes in a row at the same place, and the plugin is left out."""
_SUFFIX = ".running"
_FAR = 1 << 20  # a byte behind the text: Windows locks bytes against reading too


@dataclass(frozen=True, slots=True)
class Crash:
    """How often a plugin took the process down.

    Attributes:
        entry: the entry that was being loaded.
        count: times in a row.
        contents: digest of the release, where it came from a registry.
    """

    plugin: str
    entry: str
    count: int
    contents: str = ""


class CrashGuard:
    """Markers in a folder.

    Args:
        folder: made on first use; None: nothing is guarded.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @contextmanager
    def around(self, plugin: str, entry: str, contents: str = "") -> Iterator[None]:
        """Mark a block of foreign code; an exception out of it is no crash."""
        text = f"{entry}\n{contents}" if contents else entry
        marker = self._write(plugin, text)
        try:
            yield
        finally:
            if marker is not None:
                marker[1].close()  # before the removal: Windows removes no open file
                self._remove(f"{_stem(plugin, text)}@")

    def crashes(self) -> dict[str, Crash]:
        """The worst of each plugin that died at least once, by id."""
        counts: Counter[tuple[str, str]] = Counter()
        for path in self._markers(""):
            if _is_dead(path):
                with suppress(OSError, UnicodeDecodeError):
                    counts[path.name.partition("@")[0], path.read_text("utf-8")] += 1
        worst: dict[str, Crash] = {}
        for (plugin, text), count in sorted(counts.items()):
            if plugin not in worst or count > worst[plugin].count:
                entry, _, contents = text.partition("\n")
                worst[plugin] = Crash(plugin, entry, count, contents)
        return worst

    def clear(self, plugin: str) -> None:
        """Forget the crashes of a plugin: the user gives it another chance."""
        self._remove(f"{plugin}@")

    def _write(self, plugin: str, entry: str) -> tuple[Path, BinaryIO] | None:
        if self._folder is None:
            return None
        path = self._folder / f"{_stem(plugin, entry)}@{os.urandom(6).hex()}{_SUFFIX}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = path.open("xb")
        except OSError:
            return None
        with suppress(OSError):
            file.write(entry.encode())
            file.flush()
            _lock(file)
        return path, file

    def _markers(self, prefix: str) -> list[Path]:
        if self._folder is None:
            return []
        with suppress(OSError):
            return [p for p in self._folder.iterdir() if p.name.startswith(prefix) and p.suffix == _SUFFIX]
        return []

    def _remove(self, prefix: str) -> None:
        for path in self._markers(prefix):
            if _is_dead(path):
                with suppress(OSError):
                    path.unlink()


def _stem(plugin: str, entry: str) -> str:
    return f"{plugin}@{hashlib.sha256(entry.encode()).hexdigest()[:12]}"


def _is_dead(path: Path) -> bool:
    try:
        with path.open("r+b") as file:
            return _lock(file)
    except OSError:
        return False


def _lock(file: BinaryIO) -> bool:
    try:
        return try_lock(file, _FAR)
    except OSError:
        return False
