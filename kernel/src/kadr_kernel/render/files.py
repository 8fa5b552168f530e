"""Atomic files: what stands under a final name is whole, or it is what stood there before."""

from __future__ import annotations

import os
import re
from pathlib import Path

from kadr_sdk.errors import InvalidPathError, StorageError

__all__ = ["is_temporary", "place", "storage_error", "temporary_beside", "write_atomic"]


def storage_error(error: OSError, path: Path) -> StorageError:
    """The error tree's form of an operating system error."""
    hint = "free some space" if error.errno == 28 else "check the rights of the folder"
    return StorageError(f"cannot write: {error.strerror or error}", path=path, hint=hint)


def temporary_beside(target: Path) -> Path:
    """A hidden name in the same folder, so that the final rename stays on one file system."""
    unique = f"{os.getpid()}-{os.urandom(4).hex()}"  # and a short name: 255 bytes is the longest
    return target.with_name(f".{target.name[:40]}.{unique}.part{target.suffix[:20]}")


def is_temporary(path: Path) -> bool:
    """True for the names of :func:`temporary_beside`."""
    return re.fullmatch(r"\..+\.\d+-[0-9a-f]{8}\.part(\..*)?", path.name) is not None


def write_atomic(target: Path, data: bytes) -> None:
    """Write, flush to the disk, then rename over the target.

    Raises:
        StorageError: the target is as it was.
    """
    temporary = temporary_beside(target)
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise storage_error(error, target) from error


def place(temporary: Path, target: Path, *, overwrite: bool) -> None:
    """Give a finished file or folder its final name.

    Raises:
        InvalidPathError: something stands there and may not be replaced.
        StorageError: the rename failed.
    """
    try:
        if temporary.is_file():
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        if overwrite and not target.is_dir():
            temporary.replace(target)
        elif not overwrite and temporary.is_file():
            _place_new(temporary, target)
        else:
            temporary.rename(target)
    except FileExistsError as error:
        raise InvalidPathError("appeared while rendering", path=target, hint="choose another name") from error
    except OSError as error:
        raise storage_error(error, target) from error


def _place_new(temporary: Path, target: Path) -> None:
    # A hard link fails where the name is taken, atomically; rename would replace it silently.
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: check, then rename
        if target.exists():
            raise FileExistsError(target) from None
        temporary.rename(target)
        return
    temporary.unlink()
