"""Small files written by commands: atomically, and never over something by accident."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from kadr_sdk.errors import InvalidPathError, StorageError

__all__ = ["check_new", "refuse_same", "write_new", "write_whole"]


def check_new(path: Path, *, overwrite: bool, inputs: Iterable[Path] = ()) -> None:
    """The name can be taken.

    Args:
        inputs: files that are read, which it must not be, whatever it is called.

    Raises:
        InvalidPathError: something stands there, there is no such folder, or it is an input.
    """
    refuse_same(path, inputs, "this is the file itself")
    folder = path.absolute().parent
    if not os.path.isdir(folder):  # noqa: PTH112 - false instead of an error for impossible names
        standing = os.path.lexists(folder)
        text, hint = ("is not a folder", "") if standing else ("the folder does not exist", "make it first")
        raise InvalidPathError(text, path=folder, hint=hint or "choose another folder")
    if os.path.isdir(path):  # noqa: PTH112 - as above
        raise InvalidPathError("is a folder", path=path, hint="give a file name")
    if os.path.lexists(path) and not overwrite:
        raise InvalidPathError("exists already", path=path, hint="choose another name, or add --overwrite")


def refuse_same(path: Path, others: Iterable[Path], text: str) -> None:
    """The name is none of the others, whatever it is called.

    Raises:
        InvalidPathError: it is; with this text.
    """
    for other in others:
        same = path.absolute() == other.absolute()
        if not same and os.path.exists(path) and os.path.exists(other):  # noqa: PTH110 - as above
            same = os.path.samefile(path, other)  # noqa: PTH121 - as above
        if same:
            raise InvalidPathError(text, path=path, hint="choose another name")


def write_new(path: Path, data: bytes, *, overwrite: bool) -> None:
    """Write a file whole or not at all.

    Raises:
        InvalidPathError: something stands there, or there is no such folder.
        StorageError: the disk is full, or the folder refuses.
    """
    check_new(path, overwrite=overwrite)
    write_whole(path, data)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file; what stood there stays where that fails.

    Raises:
        StorageError: the disk is full, or the folder refuses.
    """
    temporary = path.with_name(f".{path.name[:40]}.{os.getpid()}-{os.urandom(4).hex()}.part")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        hint = "free some space" if error.errno == 28 else "check the rights of the folder"
        raise StorageError(f"cannot write: {error.strerror or error}", path=path, hint=hint) from error
