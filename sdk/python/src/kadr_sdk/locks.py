"""Locks on files: held by the operating system, so free as soon as their owner dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["FileLock", "try_lock", "unlock"]

_POLL = (0.005, 0.1)  # seconds between tries: at first, at most


def try_lock(file: IO[bytes], at: int = 0) -> bool:
    """Lock an open file against other processes and other openings of it, where it is free.

    Args:
        at: the byte that is locked on Windows, where nobody else can read it meanwhile; other
            systems lock the whole file, against locking alone.

    Raises:
        OSError: the file system knows no locks.
    """
    return _lock(file, at)


def unlock(file: IO[bytes], at: int = 0) -> None:
    """Give the lock back; closing the file does too."""
    _unlock(file, at)


if sys.platform == "win32":

    def _lock(file: IO[bytes], at: int) -> bool:
        try:
            file.seek(at)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: IO[bytes], at: int) -> None:
        file.seek(at)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:

    def _lock(file: IO[bytes], at: int) -> bool:  # noqa: ARG001 - the whole file
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: IO[bytes], at: int) -> None:  # noqa: ARG001 - the same
        fcntl.flock(file, fcntl.LOCK_UN)


class FileLock:
    """An exclusive lock against other threads and processes; the file goes with the lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def acquire(self, timeout: float = 0.0, waiting: Callable[[], object] | None = None) -> bool:
        """Take the lock within ``timeout`` seconds; ``waiting`` is called meanwhile and may raise.

        Raises:
            OSError: the file cannot be made.
        """
        end, pause = time.monotonic() + timeout, _POLL[0]
        while not self._try():
            if time.monotonic() >= end:
                return False
            if waiting is not None:
                waiting()
            time.sleep(pause)
            pause = min(pause * 2, _POLL[1])
        return True

    def _try(self) -> bool:
        file = self._path.open("a+b")
        try:
            if try_lock(file) and self._stands(file):
                self._file = file
                return True
        except BaseException:
            file.close()
            raise
        file.close()
        return False

    def _stands(self, file: IO[bytes]) -> bool:
        """False where the former owner has removed the name meanwhile: then it is nobody's lock."""
        try:
            return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Give it back; a second call does nothing."""
        file, self._file = self._file, None
        if file is None:
            return
        if os.name != "nt":  # removed while it is held, so that nobody locks a name about to go
            with suppress(OSError):
                self._path.unlink()
        file.close()
        if os.name == "nt":  # an open file cannot be removed there; one that others wait for stays
            with suppress(OSError):
                self._path.unlink()
