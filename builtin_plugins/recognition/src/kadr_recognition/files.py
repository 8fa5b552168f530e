"""The file of results: checked before any work, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from kadr_sdk.errors import InvalidPathError, StorageError

__all__ = ["check_target", "write_whole"]


def check_target(path: Path, source: Path, *, overwrite: bool) -> None:
    """The name can be taken.

    Raises:
        InvalidPathError: something stands there, there is no such folder, or it is the input.
    """
    folder = path.absolute().parent
    if not folder.is_dir():
        raise InvalidPathError("the folder does not exist", path=folder, hint="make it first")
    if path.is_dir():
        raise InvalidPathError("is a folder", path=path, hint="give a file name")
    if path.exists() and source.exists() and path.samefile(source):
        raise InvalidPathError("the results would replace the input", path=path, hint="choose another name")
    if os.path.lexists(path) and not overwrite:
        raise InvalidPathError("exists already", path=path, hint="choose another name, or add --overwrite")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file; what stood there stays where that fails.

    Raises:
        StorageError: the disk is full, or the folder refuses.
    """
    part = path.with_name(f".{path.name[:40]}.{os.getpid()}-{os.urandom(4).hex()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        hint = "free some space" if error.errno == 28 else "check the rights of the folder"
        raise StorageError(f"cannot write: {error.strerror or error}", path=path, hint=hint) from error
