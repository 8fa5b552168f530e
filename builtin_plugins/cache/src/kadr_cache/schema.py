"""The index file: numbered steps from an empty file to the tables of today."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from kadr_sdk.errors import CacheError

__all__ = ["MIGRATIONS", "open_index"]

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE entry (
            kind TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL,
            made REAL NOT NULL, used REAL NOT NULL, tick INTEGER NOT NULL, PRIMARY KEY (kind, key)
        ) WITHOUT ROWID""",
        "CREATE INDEX entry_digest ON entry (digest, size)",
        "CREATE INDEX entry_tick ON entry (tick)",
        """CREATE TABLE counter (
            kind TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (kind, name)
        ) WITHOUT ROWID""",
        "CREATE TABLE moment (name TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID",
    ),
)
"""Statements by version; the version of a file is its ``user_version``.

``tick`` orders entries by use and does not depend on the clock; ``made`` and ``used`` are
seconds since 1970.
"""


def open_index(path: Path, *, patience: float = 10.0) -> sqlite3.Connection:
    """A connection to the index, usable from any thread (one at a time), with today's tables.

    Args:
        patience: seconds to wait for other processes.

    Raises:
        CacheError: a newer kadr has written it.
        OSError, sqlite3.Error: it cannot be made, or is not an index.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)  # another process may have been faster
        if version > len(MIGRATIONS):
            hint = "update kadr, or choose another folder for the cache"
            raise CacheError("the index was written by a newer kadr", path=path, hint=hint)
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
