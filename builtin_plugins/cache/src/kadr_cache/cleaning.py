"""Keeping the limits, and clearing away what nobody needs. All under the index's write lock."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from kadr_cache.blobs import Blobs
from kadr_cache.files import digest_of, remove
from kadr_cache.flight import remove_free_locks
from kadr_cache.index import Entry, Index, Writer
from kadr_cache.leases import remove_dead_leases

__all__ = ["Cleaned", "Cleaner"]

_GRACE = 3600.0  # seconds: a nameless file that is younger may be about to get its entry
_LOW = 0.9  # of the limit: after evicting there is room for a while
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was removed: entries by cause, files without an entry, bytes."""

    expired: int = 0
    evicted: int = 0
    missing: int = 0
    orphans: int = 0
    leases: int = 0
    bytes: int = 0

    def as_dict(self) -> dict[str, int]:
        """JSON-ready data."""
        return asdict(self)


class Cleaner:
    """Removes entries and files."""

    def __init__(self, folder: Path, index: Index, blobs: Blobs) -> None:
        self._folder = folder
        self._index = index
        self._blobs = blobs

    def evict(self, limit: int) -> tuple[int, int]:
        """Remove what was unused for longest until there is room; nothing where there is.

        Returns:
            Entries and bytes removed.
        """
        if not limit or self._index.bytes() <= limit:
            return 0, 0
        count = freed = 0
        with self._index.write() as writer:
            surplus = self._index.bytes() - int(limit * _LOW)
            while surplus > freed and (oldest := writer.oldest(_BATCH)):
                for entry in oldest:
                    if freed >= surplus:
                        break
                    freed += self._remove(writer, entry)
                    writer.count({(entry.kind, "evictions"): 1})
                    count += 1
        return count, freed

    def _remove(self, writer: Writer, entry: Entry) -> int:
        """Remove an entry, and its content where nothing else stands for it; bytes freed."""
        if not writer.remove(entry):
            return 0
        self._blobs.drop(entry.digest)
        return entry.size

    def remove(self, entries: Iterable[Entry], writer: Writer) -> int:
        """Remove entries; bytes freed."""
        return sum(self._remove(writer, entry) for entry in entries)

    def clear(self, kind: str | None, now: float) -> tuple[int, int]:
        """Remove everything (of a kind); entries and bytes."""
        with self._index.write() as writer:
            entries = writer.of_kind(kind)
            freed = self.remove(entries, writer)
            writer.forget_counters(kind)
            writer.note("cleaned", now)
        if kind is None:
            freed += self._remove_orphans(0.0)[1]
        return len(entries), freed

    def clean(self, limit: int, age: float, now: float) -> Cleaned:
        """Everything at once: age, size, entries without a file, files without an entry, the dead."""
        expired, freed = self._expire(age, now)
        evicted, more = self.evict(limit)
        missing = self._remove_missing()
        orphans, most = self._remove_orphans(_GRACE)
        remove_free_locks(self._folder)
        leases = remove_dead_leases(self._folder)
        with self._index.write() as writer:
            writer.note("cleaned", now)
        return Cleaned(expired, evicted, missing, orphans, leases, freed + more + most)

    def _expire(self, age: float, now: float) -> tuple[int, int]:
        with self._index.write() as writer:
            writer.pull_back(now)
            old = writer.unused_since(now - age) if age else []
            writer.count(Counter((entry.kind, "evictions") for entry in old))
            return len(old), self.remove(old, writer)

    def _remove_missing(self) -> int:
        """Entries whose file somebody has removed."""
        gone = [e for e in self._index.entries() if not self._blobs.path(e.digest).exists()]
        with self._index.write() as writer:
            for entry in gone:
                if not self._blobs.path(entry.digest).exists():
                    writer.remove(entry)
        return len(gone)

    def _remove_orphans(self, grace: float) -> tuple[int, int]:
        """Files without an entry, left where a process died between two steps; files and bytes."""
        count = freed = 0
        for path in self._blobs.incoming():  # no lock is held while a file is taken in
            count, freed = _count(path, time.time() - _GRACE, count, freed)
        before = time.time() - grace
        with self._index.write() as writer:
            for digest, path in self._blobs:
                if not writer.known(digest):
                    count, freed = _count(path, before, count, freed)
        return count, freed

    def verify(self) -> list[Entry]:
        """Read everything; the damaged entries, which are removed."""
        checked: dict[str, bool] = {}
        bad: list[Entry] = []
        for entry in self._index.entries():
            if entry.digest not in checked:
                checked[entry.digest] = self._whole(entry)
            if not checked[entry.digest]:
                bad.append(entry)
        with self._index.write() as writer:
            for entry in bad:
                if not self._whole(entry):  # nobody has made it anew meanwhile
                    self._blobs.drop(entry.digest)
                    writer.remove(entry)
                    writer.count({(entry.kind, "corrupt"): 1})
        return bad

    def _whole(self, entry: Entry) -> bool:
        path = self._blobs.path(entry.digest)
        try:
            return path.stat().st_size == entry.size and digest_of(path) == entry.digest
        except OSError:
            return False


def _count(path: Path, before: float, count: int, freed: int) -> tuple[int, int]:
    """Remove a nameless file that is old enough, and count it."""
    with suppress(OSError):
        found = path.stat()
        # ctime: taking a file in as a hard link leaves its mtime alone.
        if max(found.st_mtime, found.st_ctime) <= before and remove(path):
            return count + 1, freed + found.st_size
    return count, freed
