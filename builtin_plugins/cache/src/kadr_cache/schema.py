"""The index file: numbered steps from an empty file to the tables of today."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from kadr_sdk.errors import CacheError
from kadr_sdk.tables import Migrations, open_tables

__all__ = ["MIGRATIONS", "open_index"]

MIGRATIONS: Migrations = (
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
    """A connection with today's tables; see :func:`kadr_sdk.tables.open_tables`.

    Raises:
        CacheError: a newer kadr has written it.
        OSError, sqlite3.Error: it cannot be made, or is not an index.
    """
    newer = CacheError(
        "the index was written by a newer kadr",
        path=path,
        hint="update kadr, or choose another folder for the cache",
    )
    return open_tables(path, MIGRATIONS, newer, patience=patience)
