"""The lock of the one runner: held by the operating system, so free as soon as it dies.

SQLite's lock on an empty file of its own: the same on every platform, and nothing to clean up.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

__all__ = ["Owner"]


class Owner:
    """An exclusive lock among processes, and among its instances in one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    @property
    def held(self) -> bool:
        """Whether this instance has it."""
        return self._connection is not None

    def acquire(self, patience: float = 0.0) -> bool:
        """Take it where it is free, or comes free within ``patience`` seconds.

        Raises:
            sqlite3.Error: the file cannot be made.
        """
        connection = sqlite3.connect(
            self._path, timeout=patience, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            connection.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                return False
            raise
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return True

    def release(self) -> None:
        """Give it back; a second call does nothing."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
