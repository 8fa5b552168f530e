"""Single flight: of several that want the same thing one makes it, the others wait for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kadr_sdk.locks import FileLock

__all__ = ["Flights", "remove_free_locks"]


class Flights:
    """Locks by key, across threads and processes.

    Args:
        folder: of the cache.
        patience: seconds after which a waiter goes ahead all the same: the other may be
            paused, and making a thing twice does no harm.
    """

    def __init__(self, folder: Path, patience: float = 600.0) -> None:
        self._folder = folder / "locks"
        self._patience = patience

    @contextmanager
    def alone(self, kind: str, key: str, waiting: Callable[[], object] | None = None) -> Iterator[None]:
        """Wait until nobody else makes the key, then hold it.

        Args:
            waiting: called again and again while another one works; what it raises ends the wait.
        """
        lock = self._lock(kind, key)
        if lock is not None:
            self._wait(lock, waiting)
        try:
            yield
        finally:
            if lock is not None:
                lock.release()

    def _lock(self, kind: str, key: str) -> FileLock | None:
        name = hashlib.sha256(f"{kind}\0{key}".encode()).hexdigest()[:40]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError:  # nothing can be stored there either, so nobody would profit from waiting
            return None
        return FileLock(self._folder / f"{name}.lock")

    def _wait(self, lock: FileLock, waiting: Callable[[], object] | None) -> None:
        try:
            lock.acquire(self._patience, waiting)
        except OSError:
            return


def remove_free_locks(folder: Path) -> None:
    """Remove lock files that dead processes left."""
    for path in (folder / "locks").glob("*.lock"):
        lock = FileLock(path)
        try:
            if lock.acquire():
                lock.release()
        except OSError:
            continue
