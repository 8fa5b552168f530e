"""What can go wrong with the files of a cache, and what it means."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from kadr_sdk.errors import CacheError

from kadr_cache.files import remove

__all__ = ["FAULTS", "is_busy", "is_no_index", "reason_of", "remove_index"]

FAULTS = (OSError, sqlite3.Error, CacheError)
"""After these work goes on without the cache."""


def reason_of(error: Exception) -> str:
    """In words, without the path."""
    if isinstance(error, OSError):
        return str(error.strerror or error)
    return str(error)


def is_no_index(error: Exception) -> bool:
    """True for a file that is no database or a damaged one; not for a full disk or a busy one."""
    return isinstance(error, sqlite3.DatabaseError) and type(error) is sqlite3.DatabaseError


def is_busy(error: sqlite3.Error) -> bool:
    """Another process writes, and has for long."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def remove_index(path: Path) -> None:
    """Remove an index with what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        remove(path.with_name(path.name + suffix))
