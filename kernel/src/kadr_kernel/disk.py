"""Small files that several processes change: locked, whole, and on the disk when it says so."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kadr_sdk.errors import StorageError
from kadr_sdk.locks import try_lock, unlock

__all__ = ["is_temporary", "locked", "storage_error", "temporary_beside", "write_whole"]

_POLL = 0.02


@contextmanager
def locked(path: Path, timeout: float = 10.0) -> Iterator[None]:
    """Hold the lock file ``path`` against other processes and other threads.

    The operating system holds the lock, not the file's existence: when its owner dies the
    lock is free.

    Raises:
        StorageError: the lock cannot be made, or not had within ``timeout`` seconds.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError as error:
        raise storage_error(error, path, "be locked") from error
    with file:
        end = time.monotonic() + timeout
        while not try_lock(file):
            if time.monotonic() > end:
                hint = "wait for the other kadr process, or end it"
                raise StorageError("another process holds the lock", path=path, hint=hint)
            time.sleep(_POLL)
        try:
            yield
        finally:
            unlock(file)


def write_whole(path: Path, data: bytes, *, private: bool = False) -> None:
    """Replace a file: a reader sees the old one or the new one, also after a power cut.

    A symbolic link stays and its target is replaced; the folder is made where it is missing.

    Args:
        private: readable by its owner alone; else with the rights that it had.

    Raises:
        StorageError: the file is as it was.
    """
    path = path.resolve()
    temporary = temporary_beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        rights = 0o600 if private else _rights(path)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(rights)
        _replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise storage_error(error, path) from error


def temporary_beside(target: Path) -> Path:
    """A hidden name in the same folder, so that the final rename stays on one file system."""
    unique = f"{os.getpid()}-{os.urandom(4).hex()}"  # and a short name: 255 bytes is the longest
    return target.with_name(f".{target.name[:40]}.{unique}.part{target.suffix[:20]}")


def is_temporary(path: Path) -> bool:
    """True for the names of :func:`temporary_beside`."""
    return re.fullmatch(r"\..+\.\d+-[0-9a-f]{8}\.part(\..*)?", path.name) is not None


def _rights(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return 0o644


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


def storage_error(error: OSError, path: Path, what: str = "be written") -> StorageError:
    """The error tree's form of an operating system error."""
    hint = "free some space" if error.errno == 28 else "check the rights of the folder"
    return StorageError(f"cannot {what}: {error.strerror or error}", path=path, hint=hint)
