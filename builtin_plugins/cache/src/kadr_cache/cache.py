"""The disk cache: kind and key lead to a digest, the digest to an immutable file.

Order of writing: the file gets a temporary name and reaches the disk; then, in one
transaction of the index, it takes the name of its content and the entry is made. Whatever
dies in between leaves a file that nobody knows (removed by :meth:`DiskCache.clean`) or an
entry without its file (a miss), never an entry with wrong content that is believed: content
is checked against its digest before a process uses a version of a file for the first time.
"""

from __future__ import annotations

import errno
import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from kadr_cache.blobs import Blobs, Staged
from kadr_cache.cleaning import Cleaned, Cleaner
from kadr_cache.files import Version, digest_of, remove, version_of
from kadr_cache.flight import Flights
from kadr_cache.index import Entry, Index
from kadr_cache.leases import Leases
from kadr_cache.settings import Settings
from kadr_cache.tally import COUNTS, Tally
from kadr_cache.trouble import FAULTS, is_busy, is_no_index, reason_of, remove_index

__all__ = ["DiskCache"]

_REST = 60.0  # seconds without storing after a failure: a full disk may have room again
_DAY = 86_400.0
_SPARE = 500_000_000  # bytes of the disk that are left to others
_NOTHING = 1  # bytes, as a limit: 0 is none
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by kadr; everything here can be made again.\n"


class DiskCache:
    """Satisfies :class:`kadr_sdk.services.Cache`; thread-safe, and safe among processes.

    Args:
        now: seconds since 1970.
        warn: told once of a failure to store, with the remedy; work goes on without the cache.
        background: starts work that nobody waits for.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], float] = time.time,
        warn: Callable[[str, str, str], object] = lambda *_: None,
        background: Callable[[Callable[[], object]], object] = lambda work: work(),
        logger: logging.Logger | None = None,
    ) -> None:
        folder = settings.folder
        self.settings = settings
        self._now = now
        self._warn = warn
        self._background = background
        self._logger = logger or logging.getLogger("kadr.plugin.kadr.cache")
        self._index = Index(folder / "index.sqlite3")
        self._blobs = Blobs(folder)
        self._leases = Leases(folder)
        self._flights = Flights(folder)
        self._cleaner = Cleaner(folder, self._index, self._blobs)
        self._tally = Tally()
        self._lock = threading.Lock()
        self._verified: dict[str, Version] = {}
        self._off_until = 0.0
        self._trouble = ""
        self._looked: float | None = None
        self._closed = False

    # -- the service ---------------------------------------------------------------------------

    def get(self, kind: str, key: str) -> Path | None:
        """A verified file for the key, or None; it stays readable until the caller's job ends."""
        if not self._usable():
            return None
        found = self._find(kind, key)
        self._tally.count(kind, "misses" if found is None else "hits")
        self._flush_if_due()
        return found

    def put(self, kind: str, key: str, source: Path) -> None:
        """Take a finished file in; a failure to store is not an error."""
        if not self._usable():
            return
        try:
            self._begin()
            if not source.is_file() or self._too_large(source):
                return
            self._store(kind, key, self._blobs.stage(source))
            self._flush()
            limit = self._limit()
            self._cleaner.evict(limit)
            if limit == _NOTHING:
                raise OSError(errno.ENOSPC, f"less than {_SPARE // 10**6} MB of the disk are free")
        except FileNotFoundError as error:  # somebody is clearing the folder away
            self._logger.info("a %s was not stored: %s", kind, error)
        except FAULTS as error:
            self._fail(error)

    def claim(
        self, kind: str, key: str, waiting: Callable[[], object] | None = None
    ) -> AbstractContextManager[Path | None]:
        """The file, or None: then nobody else makes it while the block does."""
        return self._claim(kind, key, waiting) if self._usable() else nullcontext(None)

    @contextmanager
    def _claim(self, kind: str, key: str, waiting: Callable[[], object] | None) -> Iterator[Path | None]:
        found = self._find(kind, key)
        if found is not None:
            self._counted(kind, "hits")
            yield found
            return
        with self._flights.alone(kind, key, waiting):
            found = self._find(kind, key)
            self._counted(kind, "misses" if found is None else "hits")
            yield found

    def size(self, kind: str, key: str) -> int | None:
        """Bytes of the entry, by the index and the file's name alone."""
        if not self._usable() or not self._index.path.exists():
            return None
        try:
            entry = self._index.find(kind, key)
        except FAULTS as error:
            self._fail(error)
            return None
        if entry is None or not self._blobs.path(entry.digest).exists():
            return None
        return entry.size

    def _counted(self, kind: str, name: str) -> None:
        self._tally.count(kind, name)
        self._flush_if_due()

    # -- finding -------------------------------------------------------------------------------

    def _find(self, kind: str, key: str) -> Path | None:
        try:
            entry = self._index.find(kind, key)
            if entry is None:
                return None
            path = self._blobs.path(entry.digest)
            seen = version_of(path)
            lent = self._leases.lend(entry.digest, path)
            if not self._believed(entry, lent):
                self._drop(entry, seen)
                return None
        except FileNotFoundError:  # evicted this very moment, or removed by hand
            return None
        except FAULTS as error:
            self._fail(error)
            return None
        self._tally.use(kind, key, self._now())
        return lent

    def _believed(self, entry: Entry, path: Path) -> bool:
        """Size always; content once a process and version of the file, or always where it is shared."""
        version = version_of(path)
        if version[0] != entry.size:
            return False
        with self._lock:
            if self._verified.get(entry.digest) == version and not self.settings.shared:
                return True
        if digest_of(path) != entry.digest:
            return False
        with self._lock:
            self._verified[entry.digest] = version
        return True

    def _drop(self, entry: Entry, seen: Version) -> None:
        """Forget a damaged entry, unless somebody has put a whole file there meanwhile."""
        self._leases.refuse(entry.digest)
        self._logger.warning("a cached %s was damaged and is made again: %s", entry.kind, entry.digest)
        path = self._blobs.path(entry.digest)
        with self._index.write() as writer:
            writer.count({(entry.kind, "corrupt"): 1})
            if not path.exists() or version_of(path) == seen:
                remove(path)
                writer.remove_content(entry.digest)

    # -- storing -------------------------------------------------------------------------------

    def _too_large(self, source: Path) -> bool:
        return 0 < self.settings.max_bytes < source.stat().st_size

    def _limit(self) -> int:
        """The user's limit, or less where the disk is nearly full: renders need room, too."""
        limit = self.settings.max_bytes
        short = _SPARE - shutil.disk_usage(self.settings.folder).free
        if short <= 0:
            return limit
        left = max(_NOTHING, self._index.bytes() - short)
        return min(limit, left) if limit else left

    def _store(self, kind: str, key: str, staged: Staged) -> None:
        entry = Entry(kind, key, staged.digest, staged.size)
        try:
            with self._index.write() as writer:
                self._blobs.place(staged)
                before = writer.put(entry, self._now())
                if before is not None and not writer.known(before):
                    self._blobs.drop(before)
                writer.count({(kind, "stored"): 1})
        finally:
            remove(staged.path)
        with self._lock:  # its content was read when it was taken in
            self._verified[staged.digest] = version_of(self._blobs.path(staged.digest))

    def _begin(self) -> None:
        """On the first storing of a day: mark the folder for backup programs, and clean it."""
        now = self._now()
        with self._lock:
            if self._looked is not None and abs(now - self._looked) <= _DAY:
                return
            self._looked = now
        folder = self.settings.folder
        folder.mkdir(parents=True, exist_ok=True)
        tag = folder / "CACHEDIR.TAG"
        if not tag.exists():
            tag.write_text(_TAG, "utf-8")
        cleaned = self._index.moment("cleaned")
        if cleaned is None or abs(now - cleaned) > _DAY:
            self._background(self._clean_quietly)

    def _clean_quietly(self) -> None:
        try:
            self.clean()
        except FAULTS as error:
            self._fail(error)

    # -- trouble -------------------------------------------------------------------------------

    def _usable(self) -> bool:
        return self.settings.enabled and not self._closed and time.monotonic() >= self._off_until

    def _fail(self, error: Exception) -> None:
        """Go on without the cache for a while; the user is told once."""
        if self._closed:
            return
        with self._lock:
            first, self._trouble = not self._trouble, reason_of(error)
            self._off_until = time.monotonic() + _REST
            self._looked = None
        if is_no_index(error):
            self._renew(error)
        self._index.close()
        self._logger.warning("the cache is not used: %s", self._trouble)
        if first:
            hint = "free some space, check the rights of the folder, or set another one"
            text = f"the cache cannot be used, work goes on without it: {self._trouble}"
            self._warn(text, str(self.settings.folder), hint)

    def _renew(self, error: Exception) -> None:
        """An index that is none is removed: what it knew is lost, the next start finds a new one."""
        self._logger.warning("the index is damaged and is begun anew: %s", error)
        self._index.close()
        remove_index(self._index.path)

    # -- jobs and the end ----------------------------------------------------------------------

    def begin_job(self, job: str) -> None:
        """What is given out from now on may be for this job."""
        self._leases.begin(job)

    def end_job(self, job: str) -> None:
        """What was given to it alone is given back, and uses are written."""
        self._leases.end(job)
        self._flush_quietly()

    def _flush_if_due(self) -> None:
        if self._tally.due:
            self._flush_quietly()

    def _flush_quietly(self) -> None:
        try:
            self._flush()
        except FAULTS as error:
            self._fail(error)

    def _flush(self) -> None:
        uses, counts = self._tally.take()
        if uses or counts:
            with self._index.write() as writer:
                writer.touch(uses)
                writer.count(counts)

    def close(self) -> None:
        """Write what is left and give everything back."""
        if self._usable():
            self._flush_quietly()
        self._closed = True
        self._leases.close()
        self._index.close(for_good=True)

    def health(self) -> tuple[str, str]:
        """Size against the limit, and whether it works."""
        if not self.settings.enabled:
            return "healthy", "switched off"
        if self._trouble and not self._usable():
            return "warning", f"not used: {self._trouble}"
        try:
            size, limit = self._index.bytes(), self.settings.max_bytes
        except FAULTS as error:
            return "warning", f"not used: {reason_of(error)}"
        text = f"{size / 1e6:.1f} MB of {limit / 1e6:.0f} MB" if limit else f"{size / 1e6:.1f} MB, no limit"
        return ("warning" if limit and size > limit else "healthy"), text

    # -- for people ----------------------------------------------------------------------------

    def stats(self) -> dict[str, Any]:
        """Folder, size and limit, and per kind entries, bytes and what was counted."""
        self._mend()
        sizes, counters = self._index.sizes(), self._index.counters()
        kinds = {}
        for kind in sorted({*sizes, *counters}):
            entries, size = sizes.get(kind, (0, 0))
            counts = {name: counters.get(kind, {}).get(name, 0) for name in COUNTS}
            asked = counts["hits"] + counts["misses"]
            ratio = round(counts["hits"] / asked, 4) if asked else None
            kinds[kind] = {"entries": entries, "bytes": size, **counts, "hit_ratio": ratio}
        return {
            "folder": str(self.settings.folder),
            "enabled": self.settings.enabled,
            "bytes": self._index.bytes(),
            "max_bytes": self.settings.max_bytes,
            "kinds": kinds,
        }

    def clear(self, kind: str | None = None) -> tuple[int, int]:
        """Remove everything (of a kind); entries and bytes. Running jobs keep what they were given."""
        try:
            self._mend()
            return self._cleaner.clear(kind, self._now())
        except sqlite3.OperationalError as error:
            if kind is not None or is_busy(error):
                raise
        # On a full disk nothing can be written into the index: it goes, and all files with it.
        self._index.close()
        remove_index(self._index.path)
        return self._blobs.drop_all()

    def _mend(self) -> None:
        """Write what was counted; an index that is none is begun anew."""
        try:
            self._flush()
            self._index.bytes()
        except sqlite3.DatabaseError as error:
            if not is_no_index(error):
                raise
            self._renew(error)

    def clean(self) -> Cleaned:
        """Keep the limits now, and remove what crashes have left."""
        self._mend()
        return self._cleaner.clean(self._limit(), self.settings.max_age, self._now())

    def verify(self) -> list[Entry]:
        """Read every file; the damaged entries, which are removed."""
        self._mend()
        return self._cleaner.verify()
