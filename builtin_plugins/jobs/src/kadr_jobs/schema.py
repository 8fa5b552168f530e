"""The file of the queue: numbered steps from an empty file to the tables of today."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from kadr_sdk.errors import StorageError

__all__ = ["MIGRATIONS", "open_file"]

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE job (
            id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL, priority INTEGER NOT NULL,
            project TEXT NOT NULL, digest TEXT NOT NULL, requests TEXT NOT NULL,
            wish TEXT NOT NULL DEFAULT '', submitted REAL NOT NULL,
            started REAL NOT NULL DEFAULT 0, ended REAL NOT NULL DEFAULT 0,
            crashes INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0,
            total INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '{}',
            results TEXT NOT NULL DEFAULT '[]'
        )""",
        "CREATE INDEX job_state ON job (state, priority)",
    ),
)
"""Statements by version; the version of a file is its ``user_version``. Times are seconds since 1970."""


def open_file(path: Path, *, patience: float = 10.0) -> sqlite3.Connection:
    """A connection to the queue, usable from any thread (one at a time), with today's tables.

    Args:
        patience: seconds to wait for other processes.

    Raises:
        StorageError: a newer kadr has written it.
        sqlite3.Error: it cannot be made, or is no such file.
    """
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a submitted job outlives a power cut
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
            hint = "update kadr, or move the file away: its jobs are forgotten then"
            raise StorageError("the queue was written by a newer kadr", path=path, hint=hint)
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
