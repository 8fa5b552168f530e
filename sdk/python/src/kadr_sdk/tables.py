"""SQLite files that several processes use: numbered steps from an empty file to today's tables.

A program that keeps such a file holds the statements of every version that there has been; a file
says its own as ``user_version``. An older file is brought up to date in one transaction by
whoever opens it first; a newer one is left alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from kadr_sdk.errors import KadrError

__all__ = ["Migrations", "open_tables"]

Migrations = Sequence[Sequence[str]]
"""Statements by version, the first for an empty file."""


def open_tables(
    path: Path,
    migrations: Migrations,
    newer: KadrError,
    *,
    patience: float = 10.0,
    durable: bool = False,
) -> sqlite3.Connection:
    """A connection, usable from any thread (one at a time), with today's tables; its folder is made.

    Args:
        newer: raised where a newer program has written the file.
        patience: seconds to wait for other processes.
        durable: what is committed outlives a power cut; else the last transactions may be lost,
            and the file stays whole.

    Raises:
        OSError, sqlite3.Error: it cannot be made, or is no such file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        _migrate(connection, migrations, newer)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, migrations: Migrations, newer: KadrError) -> None:
    if _version(connection) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)  # another process may have been faster
        if version > len(migrations):
            raise newer
        for statements in migrations[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
