"""Plugins that a client installed from registries: a set of data, its files checked against it.

A file that is not what was installed makes its plugin a row with the reason: what the user
allowed, they allowed to these bytes.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kadr_sdk.installed import CURRENT, Installed, InstalledSet, read_installed, read_set
from kadr_sdk.manifest import FILE_NAME

from kadr_kernel.plugins.crashes import LIMIT, Crash
from kadr_kernel.plugins.discovery import Found, read_row

__all__ = ["Store", "leave_path"]


@dataclass(frozen=True, slots=True)
class Store:
    """The set that counts, or why there is none.

    Attributes:
        folder: of the store; it need not exist.
    """

    folder: Path
    set: InstalledSet
    error: str = ""
    hint: str = "put a former set back: kadr plugin rollback"

    @classmethod
    def open(cls, folder: Path) -> Store:
        """The store as it is now; a damaged one is empty and says so."""
        try:
            return cls(folder, read_installed(folder))
        except (OSError, ValueError) as error:
            return cls(folder, InstalledSet(), f"what is installed cannot be read: {error}")

    def without(self, crashes: Mapping[str, Crash]) -> Store:
        """The newest former set that has none of the releases which took the process down again and again.

        Nothing is written: the set that counts still does, for the client and once its releases
        are others. Where there is no such set this one stays, and the plugins are left out alone.
        """
        bad = {c.contents: c for c in crashes.values() if c.contents and c.count >= LIMIT}
        found, seen = self.set, {self.set.number}
        while any(item.digest in bad for item in found.plugins):
            if not found.before or found.before in seen:
                return self
            seen.add(found.before)
            try:
                found = read_set(self.folder, found.before)
            except (OSError, ValueError):
                return self
        if found is self.set:
            return self
        names = ", ".join(sorted({bad[i.digest].plugin for i in self.set.plugins if i.digest in bad}))
        text = f"{names} took kadr down {LIMIT} times in a row: generation {found.number} runs instead"
        return Store(
            self.folder, found, text, "keep it: kadr plugin rollback; or bring newer ones: kadr plugin update"
        )

    @property
    def site(self) -> str:
        """Entry for ``sys.path`` with the code of native plugins; empty where there is none."""
        return str(self.folder / self.set.site) if self.set.site else ""

    def join_path(self) -> None:
        """Make native plugins importable, after everything of the host: they cannot shadow it."""
        if self.site and self.site not in sys.path:
            sys.path.append(self.site)

    def rows(self) -> Iterator[Found]:
        """A row for each plugin, read as data."""
        if self.error:
            yield Found("installed", f"store {self.folder}", error=f"{self.error}; {self.hint}")
        for item in self.set.plugins:
            yield self._row(item)

    def watched(self) -> Iterator[str]:
        """Files whose change means looking anew."""
        yield str(self.folder / CURRENT)
        for item in self.set.plugins:
            yield from (str(self.folder / item.folder / name) for name, _ in item.files)

    def _row(self, item: Installed) -> Found:
        folder = self.folder / item.folder
        location = str(folder) if item.tier == "sandboxed" else ""
        row = Found(
            item.id,
            f"registry {item.registry}",
            item.package,
            location=location,
            publisher=item.publisher,
            contents=item.digest,
        )
        row = read_row(row, folder / FILE_NAME, expected=item.id, version=item.version)
        if changed := _changed(folder, item):
            text = f"{folder / changed} is not what was installed; put it back: kadr plugin sync"
            return replace(row, manifest=None, error=text)
        return row


def leave_path(folder: Path) -> None:
    """Make the native plugins of every set of a store importable no longer."""
    own = str(folder / "sites") + os.sep
    sys.path[:] = [entry for entry in sys.path if not entry.startswith(own)]


def _changed(folder: Path, item: Installed) -> str:
    """The first file that is missing or has other bytes."""
    for name, digest in item.files:
        try:
            with (folder / name).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                    return name
        except OSError:
            return name
    return ""
