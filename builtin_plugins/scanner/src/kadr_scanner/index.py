"""The index: files by path and by content. What a scan found is written in whole transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from kadr_scanner.rows import COLUMNS, FileRow, Version
from kadr_scanner.schema import open_index

__all__ = ["INDEX", "Index", "Writer", "below"]

INDEX = "library.sqlite3"
"""Its name in the plugin's storage."""

_PAGE = 500


class Index:
    """One connection, opened on first use; thread-safe. Other processes have theirs.

    Raises:
        sqlite3.Error, OSError, StorageError: from every method.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    def _open(self) -> sqlite3.Connection:
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

    def find(self, path: Path) -> FileRow | None:
        """The file of a path."""
        found = self.files("folder = ? AND name = ?", (str(path.parent), path.name), limit=1)
        return found[0] if found else None

    def files(
        self, condition: str = "1", values: Sequence[Any] = (), *, order: str = "id", limit: int = -1
    ) -> list[FileRow]:
        """Files that fulfil a condition."""
        statement = f"SELECT id, {COLUMNS} FROM file WHERE {condition} ORDER BY {order} LIMIT {limit}"  # noqa: S608 - texts of this package; what users give are values
        return [FileRow.read(row) for row in self.rows(statement, *values)]

    def each(self, condition: str = "1", values: Sequence[Any] = ()) -> Iterator[FileRow]:
        """As :meth:`files` in order of id, a page at a time: memory stays flat."""
        last = 0
        while True:
            page = self.files(f"id > ? AND ({condition})", (last, *values), limit=_PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1].id

    def folder(self, folder: str) -> dict[str, tuple[int, Version, bool, bool]]:
        """Id, version, whether missing and whether failed, of the files right in a folder by name."""
        statement = """SELECT name, id, size, mtime, inode, missing, reason != ''
            FROM file WHERE folder = ?"""
        rows = self.rows(statement, folder)
        return {n: (i, Version(s, m, o), bool(gone), bool(bad)) for n, i, s, m, o, gone, bad in rows}

    def folders(self, folder: str) -> set[str]:
        """It and all folders below it that the index knows."""
        condition, values = below(folder)
        return {r[0] for r in self.rows(f"SELECT DISTINCT folder FROM file WHERE {condition}", *values)}  # noqa: S608 - as above

    def of_size(self, size: int, limit: int = 200) -> list[tuple[int, str, str, Version, bool, str]]:
        """Id, folder, name, version, missing and digest of files of a size; those missing first."""
        statement = """SELECT id, folder, name, size, mtime, inode, missing, digest FROM file
            WHERE size = ? ORDER BY missing DESC LIMIT ?"""
        rows = self.rows(statement, size, limit)
        return [(i, f, n, Version(s, m, o), bool(gone), d) for i, f, n, s, m, o, gone, d in rows]

    def of_content(self, digest: str) -> list[FileRow]:
        """Files of that content, those that stand first."""
        return self.files("digest = ?", (digest,), order="missing, id")

    def seen(self, digest: str) -> dict[str, float]:
        """Best score of every class that was seen in a content, the surest first."""
        statement = "SELECT class, max(best) FROM seen WHERE digest = ? GROUP BY class ORDER BY 2 DESC, 1"
        return dict(self.rows(statement, digest))

    def former(self, path: Path) -> str | None:
        """Digest of what once stood under a path."""
        rows = self.rows(
            "SELECT digest FROM former WHERE folder = ? AND name = ?", str(path.parent), path.name
        )
        return str(rows[0][0]) if rows else None

    def close(self) -> None:
        """Close the connection; the next use opens a new one."""
        with self._lock:
            if self._connection is not None:
                with closing(self._connection):
                    self._connection = None


def below(folder: str) -> tuple[str, tuple[str, str, str]]:
    """Condition and values for files in a folder or deeper."""
    stem = folder.rstrip("/\\")
    end = folder[len(stem) :][:1] or ("\\" if "\\" in folder and "/" not in folder else "/")
    return "(folder = ? OR (folder >= ? AND folder < ?))", (folder, stem + end, stem + chr(ord(end) + 1))


class Writer:
    """Changes inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._do: Callable[..., sqlite3.Cursor] = connection.execute

    def put(self, row: FileRow) -> None:
        """Add a file, or say anew what stands under its path; the id stays."""
        marks = ", ".join("?" * (COLUMNS.count(",") + 1))
        names = [n.strip() for n in COLUMNS.split(",")][2:]
        changes = ", ".join(f"{n} = excluded.{n}" for n in names)
        self._do(
            f"INSERT INTO file ({COLUMNS}) VALUES ({marks}) "  # noqa: S608 - texts of this package
            f"ON CONFLICT (folder, name) DO UPDATE SET {changes}",
            row.values(),
        )

    def move(self, number: int, row: FileRow | tuple[str, str], version: Version, words: str) -> None:
        """A file is under another path now; what stood under that path before is forgotten."""
        folder, name = (row.folder, row.name) if isinstance(row, FileRow) else row
        self._do("DELETE FROM file WHERE folder = ? AND name = ? AND id != ?", (folder, name, number))
        self._do(
            """INSERT OR REPLACE INTO former
            SELECT folder, name, digest FROM file WHERE id = ? AND digest != ''""",
            (number,),
        )
        values = (folder, name, version.size, version.mtime, version.inode, words, number)
        self._do(
            """UPDATE file SET folder = ?, name = ?, size = ?, mtime = ?, inode = ?, words = ?, missing = 0
            WHERE id = ?""",
            values,
        )

    def miss(self, numbers: Iterable[int]) -> None:
        """Files that no longer stand where they did."""
        for number in numbers:
            self._do("UPDATE file SET missing = 1 WHERE id = ?", (number,))

    def stands(self, numbers: Iterable[int]) -> None:
        """Files that were missing and are back, unchanged."""
        for number in numbers:
            self._do("UPDATE file SET missing = 0 WHERE id = ?", (number,))

    def digest(self, number: int, digest: str, version: Version) -> None:
        """The content of a file, unless it was changed meanwhile."""
        self._do(
            "UPDATE file SET digest = ? WHERE id = ? AND size = ? AND mtime = ?",
            (digest, number, version.size, version.mtime),
        )

    def seen(self, digest: str, model: str, name: str, best: float) -> None:
        """A class was seen in a content; the best of all records counts."""
        self._do(
            """INSERT INTO seen VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET best = max(best, excluded.best)""",
            (digest, model, name.lower(), best),
        )

    def forget(self, number: int) -> None:
        """Remove a file from the index."""
        self._do("DELETE FROM file WHERE id = ?", (number,))
