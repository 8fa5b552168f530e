"""Small files written by commands: atomically, and never over something by accident."""

from __future__ import annotations

import os
from pathlib import Path

from kadr_sdk.errors import InvalidPathError, StorageError

__all__ = ["write_new"]


def write_new(path: Path, data: bytes, *, overwrite: bool) -> None:
    """Write a file whole or not at all.

    Raises:
        InvalidPathError: something stands there, or there is no such folder.
        StorageError: the disk is full.
    """
    if path.exists() and (path.is_dir() or not overwrite):
        hint = "choose another name" + ("" if path.is_dir() else ", or add --overwrite")
        raise InvalidPathError("exists already", path=path, hint=hint)
    if not path.absolute().parent.is_dir():
        raise InvalidPathError("the folder does not exist", path=path.parent, hint="make it first")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(f"cannot write: {error.strerror}", path=path) from error
