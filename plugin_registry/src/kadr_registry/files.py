"""Files written whole: a reader sees the old one or the new one, also after a power cut."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from kadr_sdk.errors import StorageError

__all__ = ["replace_into", "storage_error", "temporary_beside", "write_whole"]


def temporary_beside(path: Path) -> Path:
    """A hidden name in the same folder, which is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{os.getpid()}-{os.urandom(6).hex()}.part")


def write_whole(
    path: Path, data: bytes, *, private: bool = False, new: bool = False, sync: bool = True
) -> None:
    """Write a file under a temporary name, bring it to the disk, and give it its name.

    Args:
        private: readable by its owner alone.
        new: never over another file.
        sync: wait for the disk; without, a power cut may bring the old file back.

    Raises:
        StorageError: the file is as it was.
    """
    try:
        temporary = temporary_beside(path)
        mode = 0o600 if private else 0o644
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(data)
                file.flush()
                if sync:
                    os.fsync(file.fileno())
            if new and path.exists():
                raise FileExistsError(17, "there is such a file already")
            replace_into(temporary, path, sync=sync)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise storage_error(error, path) from error


def replace_into(temporary: Path, path: Path, *, sync: bool = True) -> None:
    """Rename, waiting where a reader holds the old file on Windows; the name reaches the disk.

    Raises:
        OSError: it cannot.
    """
    for attempt in range(50):
        try:
            temporary.replace(path)
            break
        except PermissionError:
            if os.name != "nt" or attempt == 49:
                raise
            time.sleep(0.02)
    if sync and os.name != "nt":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def storage_error(error: OSError, path: Path, what: str = "be written") -> StorageError:
    """The error tree's form of an operating system error."""
    hint = "free some space" if error.errno == 28 else "check the rights of the folder"
    return StorageError(f"cannot {what}: {error.strerror or error}", path=path, hint=hint)
