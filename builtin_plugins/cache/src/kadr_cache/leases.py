"""Leases: what a job was given stays readable until it ends, whatever happens to the entry.

A process has a folder of its own with names (hard links, or copies where there are none) of
the files that it was given, and holds the lock on ``owner.lock`` in it. So eviction needs to
ask nobody, and the folder of a process that died is known by its free lock. Folders are made
and removed under one lock beside them.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kadr_sdk.locks import FileLock

from kadr_cache.files import link_or_copy, remove

__all__ = ["Leases", "remove_dead_leases"]

_OWNER = "owner.lock"


class Leases:
    """The files lent to the jobs of this process; thread-safe.

    A file lent while jobs run is kept until the last of these jobs ends; one lent outside
    any job until :meth:`close`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "leases"
        self._own: Path | None = None
        self._owner: FileLock | None = None
        self._lock = threading.Lock()
        self._jobs: set[str] = set()
        self._lent: dict[str, set[str]] = {}

    def lend(self, digest: str, source: Path) -> Path:
        """A name of the file that stays.

        Raises:
            FileNotFoundError: the file is gone.
            OSError: no name can be made.
        """
        with self._lock:
            target = self._mine() / digest
            if digest not in self._lent or not target.exists():
                remove(target)
                link_or_copy(source, target)
            self._lent.setdefault(digest, set()).update(self._jobs or {""})
            return target

    def _mine(self) -> Path:
        if self._own is None or not self._own.is_dir():
            if self._owner is not None:  # somebody has removed the folder
                self._owner.release()
            with _making_or_removing(self._folder):
                _remove_dead(self._folder)
                folder = self._folder / f"{os.getpid()}-{os.urandom(4).hex()}"
                folder.mkdir()
                owner = FileLock(folder / _OWNER)
                owner.acquire()
            self._own, self._owner, self._lent = folder, owner, {}
        return self._own

    def refuse(self, digest: str) -> None:
        """Take back what was just lent: it is damaged."""
        with self._lock:
            if self._own is not None and remove(self._own / digest):
                self._lent.pop(digest, None)

    def begin(self, job: str) -> None:
        """A job of this process begins."""
        with self._lock:
            self._jobs.add(job)

    def end(self, job: str) -> None:
        """A job has ended: what only it was using is given back."""
        with self._lock:
            self._jobs.discard(job)
            for digest, users in list(self._lent.items()):
                users.discard(job)
                if not users and self._own is not None and remove(self._own / digest):
                    del self._lent[digest]

    def close(self) -> None:
        """Give everything back."""
        with self._lock:
            if self._owner is not None:
                self._owner.release()
            if self._own is not None:
                _remove_folder(self._own)
            self._own, self._owner, self._lent = None, None, {}


def remove_dead_leases(folder: Path) -> int:
    """Remove what processes that died had been lent; how many there were."""
    with _making_or_removing(folder / "leases"):
        return _remove_dead(folder / "leases")


def _remove_dead(folder: Path) -> int:
    count = 0
    for own in folder.glob("*-*"):
        owner = FileLock(own / _OWNER)
        with suppress(OSError):
            if owner.acquire():
                owner.release()
                _remove_folder(own)
                count += 1
    return count


@contextmanager
def _making_or_removing(folder: Path) -> Iterator[None]:
    """Alone among processes; after ten seconds together, since a stuck one must not stop all."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "making.lock")
    lock.acquire(10.0)
    try:
        yield
    finally:
        lock.release()


def _remove_folder(folder: Path) -> None:
    with suppress(OSError):
        for path in folder.iterdir():
            remove(path)
    shutil.rmtree(folder, ignore_errors=True)
