"""The table of jobs: reading, and writing in one transaction at a time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from kadr_sdk.errors import NotFoundError, StorageError
from kadr_sdk.jobs import Job

from kadr_jobs.rows import job_of
from kadr_jobs.schema import open_file

__all__ = ["Store"]

_ORDER = """CASE state WHEN 'running' THEN 0 WHEN 'queued' THEN 1 WHEN 'paused' THEN 2 ELSE 3 END,
    CASE WHEN state = 'queued' THEN -priority ELSE 0 END, id"""
_HINT = "check the rights of the folder and the disk; where the file is removed, its jobs are forgotten"


class Store:
    """Thread-safe, and safe among processes; the file is opened on first use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection for a block.

        Raises:
            StorageError: the file cannot be used.
        """
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = open_file(self.path)
                yield self._connection
            except sqlite3.Error as error:
                text = f"the queue of jobs cannot be used: {error}"
                raise StorageError(text, path=self.path, hint=_HINT) from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all or nothing, and nobody else writes meanwhile."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def get(self, number: int) -> Job:
        """A job.

        Raises:
            NotFoundError: there is none of that number.
        """
        with self.reading() as connection:
            row = connection.execute("SELECT * FROM job WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise NotFoundError("job", str(number), hint="see: kadr jobs list")
        return job_of(row)

    def jobs(self, states: Collection[str] = ()) -> list[Job]:
        """Jobs in these states, or all: in the order they run."""
        marks = ",".join("?" * len(states))
        condition = f"state IN ({marks})" if states else "1"
        query = f"SELECT * FROM job WHERE {condition} ORDER BY {_ORDER}"  # noqa: S608 - of constants and marks
        with self.reading() as connection:
            return [job_of(row) for row in connection.execute(query, tuple(states))]

    def any(self, state: str) -> bool:
        """Whether a job is in that state; costs hardly anything."""
        with self.reading() as connection:
            query = "SELECT 1 FROM job WHERE state = ? LIMIT 1"
            return connection.execute(query, (state,)).fetchone() is not None

    def change(self, number: int, **values: str | int | float) -> None:
        """Set columns of a job."""
        columns = ", ".join(f"{name} = ?" for name in values)
        with self.reading() as connection:
            statement = f"UPDATE job SET {columns} WHERE id = ?"  # noqa: S608 - names of our own columns
            connection.execute(statement, (*values.values(), number))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
