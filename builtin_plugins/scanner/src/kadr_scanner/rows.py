"""One file of the library, as it stands in the index."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["COLUMNS", "FileRow", "Version"]


_SHOWN = ("kind", "duration", "width", "height", "fps", "codec", "created", "flags", "words")


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a file: size, time of change in nanoseconds, inode."""

    size: int
    mtime: int
    inode: str

    @classmethod
    def of(cls, stat: os.stat_result) -> Version:
        """What stands there now."""
        return cls(stat.st_size, stat.st_mtime_ns, str(stat.st_ino))


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file.

    Attributes:
        id: in the index, kept when the file moves; 0 before it is stored.
        missing: it stood there at the last scan but one.
        reason: why it cannot be used; empty where it can.
        digest: sha256 of the content as hex, empty until the digest pass.
        packets: the packet pass has looked at it.
        kind: ``video``, ``audio`` or ``image``; empty where it cannot be used.
        duration: seconds; fps: frames a second; width, height: as shown.
        flags: words like ``hdr``, ``alpha``, ``variable``, each between spaces.
        words: what the search knows it by.
        facts: everything that a probe said, JSON-ready.
    """

    folder: str
    name: str
    version: Version
    id: int = 0
    missing: bool = False
    reason: str = ""
    digest: str = ""
    packets: bool = False
    kind: str = ""
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    codec: str = ""
    created: str = ""
    flags: str = ""
    words: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Where it stands."""
        return Path(self.folder, self.name)

    @property
    def state(self) -> str:
        """``ready``, ``failed`` or ``missing``."""
        return "missing" if self.missing else "failed" if self.reason else "ready"

    def values(self) -> tuple[Any, ...]:
        """In the order of :data:`COLUMNS`."""
        v = self.version
        facts = json.dumps(self.facts, ensure_ascii=False, separators=(",", ":"))
        head = (self.folder, self.name, v.size, v.mtime, v.inode, self.missing, self.reason, self.digest)
        return (*head, self.packets, *(getattr(self, name) for name in _SHOWN), facts)

    @classmethod
    def read(cls, row: tuple[Any, ...]) -> FileRow:
        """From ``id`` and :data:`COLUMNS`."""
        number, folder, name, size, mtime, inode, missing, reason, digest, packets, *shown, facts = row
        version = Version(size, mtime, inode)
        told = dict(zip(_SHOWN, shown, strict=True)) | {"facts": json.loads(facts)}
        return cls(folder, name, version, number, bool(missing), reason, digest, bool(packets), **told)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, for programs."""
        names = ("digest", "kind", "duration", "width", "height", "fps", "codec", "created")
        head = {"id": self.id, "path": str(self.path), "state": self.state, "size": self.version.size}
        shown = {name: getattr(self, name) for name in names}
        tail = {"flags": self.flags.split(), "reason": self.reason}
        return head | shown | tail


COLUMNS = (
    "folder, name, size, mtime, inode, missing, reason, digest, packets, "
    "kind, duration, width, height, fps, codec, created, flags, words, facts"
)
"""Of the table ``file``, without its id."""
