"""The index: which content stands for a kind and key, how large it is, when it was used."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kadr_cache.schema import open_index

__all__ = ["Entry", "Index", "Use", "Writer"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One finished piece of work."""

    kind: str
    key: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Use:
    """An entry was used at a time (seconds since 1970)."""

    kind: str
    key: str
    at: float


class Index:
    """One connection, opened on first use; thread-safe. Other processes have theirs.

    Raises:
        sqlite3.Error, OSError, CacheError: from every method.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._closed = False

    def _open(self) -> sqlite3.Connection:
        if self._closed:
            raise sqlite3.ProgrammingError("the cache is closed")
        if self._connection is None:
            self._connection = open_index(self.path)
        return self._connection

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """The rows of a query."""
        with self._lock:
            return self._open().execute(statement, values).fetchall()

    @contextmanager
    def write(self) -> Iterator[Writer]:
        """Alone among threads and processes; all or nothing."""
        with self._lock:
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Writer(connection)
            except BaseException:
                connection.rollback()
                raise
            connection.execute("COMMIT")

    def find(self, kind: str, key: str) -> Entry | None:
        """The entry of a key."""
        found = self.rows("SELECT digest, size FROM entry WHERE kind = ? AND key = ?", kind, key)
        return Entry(kind, key, *found[0]) if found else None

    def entries(self) -> list[Entry]:
        """All, the one unused for longest first."""
        return [Entry(*row) for row in self.rows("SELECT kind, key, digest, size FROM entry ORDER BY tick")]

    def bytes(self) -> int:
        """Size of all content; what stands for several keys counts once."""
        total = self.rows("SELECT sum(size) FROM (SELECT DISTINCT digest, size FROM entry)")[0][0]
        return int(total or 0)

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Entries and bytes by kind."""
        rows = self.rows("SELECT kind, count(*), sum(size) FROM entry GROUP BY kind ORDER BY kind")
        return {kind: (count, size) for kind, count, size in rows}

    def counters(self) -> dict[str, dict[str, int]]:
        """Counts by kind and name since the cache was made (or cleared)."""
        found: dict[str, dict[str, int]] = {}
        for kind, name, value in self.rows("SELECT kind, name, value FROM counter"):
            found.setdefault(kind, {})[name] = value
        return found

    def moment(self, name: str) -> float | None:
        """When something was last done."""
        found = self.rows("SELECT at FROM moment WHERE name = ?", name)
        return float(found[0][0]) if found else None

    def close(self, *, for_good: bool = False) -> None:
        """Close the connection; unless it is for good, the next use opens a new one."""
        with self._lock:
            self._closed = self._closed or for_good
            if self._connection is not None:
                with closing(self._connection):
                    self._connection = None


class Writer:
    """Changes inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._do: Callable[..., sqlite3.Cursor] = connection.execute

    def put(self, entry: Entry, at: float) -> str | None:
        """Add or replace; the digest that stood there before, if another."""
        old = self._do("SELECT digest FROM entry WHERE kind = ? AND key = ?", (entry.kind, entry.key))
        before = old.fetchone()
        values = (entry.kind, entry.key, entry.digest, entry.size, at, at, self._tick())
        self._do("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        return before[0] if before and before[0] != entry.digest else None

    def touch(self, uses: Iterable[Use]) -> None:
        """Take note of uses, in their order."""
        tick = self._tick()
        for number, use in enumerate(uses):
            values = (use.at, tick + number, use.kind, use.key)
            self._do("UPDATE entry SET used = ?, tick = ? WHERE kind = ? AND key = ?", values)

    def _tick(self) -> int:
        return int(self._do("SELECT coalesce(max(tick), 0) + 1 FROM entry").fetchone()[0])

    def count(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Add to counters by kind and name."""
        statement = """INSERT INTO counter VALUES (?, ?, ?)
            ON CONFLICT (kind, name) DO UPDATE SET value = value + excluded.value"""
        for (kind, name), value in counts.items():
            self._do(statement, (kind, name, value))

    def remove(self, entry: Entry) -> bool:
        """Remove an entry; True where nothing stands for its content any more."""
        self._do("DELETE FROM entry WHERE kind = ? AND key = ?", (entry.kind, entry.key))
        return not self.known(entry.digest)

    def remove_content(self, digest: str) -> Sequence[str]:
        """Remove every entry with that content; their kinds."""
        kinds = [row[0] for row in self._do("SELECT kind FROM entry WHERE digest = ?", (digest,))]
        self._do("DELETE FROM entry WHERE digest = ?", (digest,))
        return kinds

    def known(self, digest: str) -> bool:
        """Whether an entry has that content."""
        return self._do("SELECT 1 FROM entry WHERE digest = ? LIMIT 1", (digest,)).fetchone() is not None

    def oldest(self, count: int) -> list[Entry]:
        """Those unused for longest, in order."""
        rows = self._do("SELECT kind, key, digest, size FROM entry ORDER BY tick LIMIT ?", (count,))
        return [Entry(*row) for row in rows]

    def unused_since(self, at: float) -> list[Entry]:
        """Those not used since a time."""
        rows = self._do("SELECT kind, key, digest, size FROM entry WHERE used < ? ORDER BY tick", (at,))
        return [Entry(*row) for row in rows]

    def of_kind(self, kind: str | None) -> list[Entry]:
        """Those of a kind; of all where it is None."""
        statement = "SELECT kind, key, digest, size FROM entry WHERE kind = ? OR ? IS NULL"
        return [Entry(*row) for row in self._do(statement, (kind, kind))]

    def pull_back(self, now: float) -> None:
        """Uses in the future were noted while the clock was wrong: they count as of now."""
        self._do("UPDATE entry SET used = ? WHERE used > ?", (now, now))

    def note(self, name: str, at: float) -> None:
        """Remember when something was done."""
        self._do("INSERT OR REPLACE INTO moment VALUES (?, ?)", (name, at))

    def forget_counters(self, kind: str | None) -> None:
        """Count from zero again."""
        self._do("DELETE FROM counter WHERE kind = ? OR ? IS NULL", (kind, kind))
