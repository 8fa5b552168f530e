"""The file of the queue: numbered steps from an empty file to the tables of today."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from kadr_sdk.errors import StorageError
from kadr_sdk.tables import Migrations, open_tables

__all__ = ["MIGRATIONS", "open_file"]

MIGRATIONS: Migrations = (
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
    """A connection with today's tables; see :func:`kadr_sdk.tables.open_tables`.

    Raises:
        StorageError: a newer kadr has written it.
        OSError, sqlite3.Error: it cannot be made, or is no such file.
    """
    newer = StorageError(
        "the queue was written by a newer kadr",
        path=path,
        hint="update kadr, or move the file away: its jobs are forgotten then",
    )
    # A submitted job outlives a power cut.
    connection = open_tables(path, MIGRATIONS, newer, patience=patience, durable=True)
    connection.row_factory = sqlite3.Row
    return connection
