"""Small files that several processes change: locked, whole, and on the disk when it says so."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kadr_sdk.errors import StorageError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["locked", "write_whole"]

_POLL = 0.02


@contextmanager
def locked(path: Path, timeout: float = 10.0) -> Iterator[None]:
    """Hold the lock file ``path`` against other processes and other threads.

    The operating system holds the lock, not the file's existence: when its owner dies in
    whatever way the lock is free, so that a stale lock cannot exist and nobody has to guess.

    Raises:
        StorageError: the lock cannot be made, or not had within ``timeout`` seconds.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError as error:
        raise StorageError(f"cannot be locked: {error.strerror}", path=path) from error
    with file:
        deadline = time.monotonic() + timeout
        while not _try_lock(file):
            if time.monotonic() > deadline:
                hint = "wait for the other kadr process, or end it"
                raise StorageError("another process holds the lock", path=path, hint=hint)
            time.sleep(_POLL)
        try:
            yield
        finally:
            _unlock(file)


if sys.platform == "win32":

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file: a reader sees the old one or the new one, also after a power cut.

    Raises:
        StorageError: the file is as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.part")
    try:
        # Readable by its owner alone: it says what this account lets plugins do.
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(f"cannot be written: {error.strerror}", path=path) from error


def _replace(temporary: Path, path: Path) -> None:
    for attempt in range(50):
        try:
            temporary.replace(path)
            break
        except PermissionError:
            # Windows refuses while somebody reads the old file; readers are brief.
            if os.name != "nt" or attempt == 49:
                raise
            time.sleep(_POLL)
    if os.name != "nt":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name itself must reach the disk
        finally:
            os.close(folder)
