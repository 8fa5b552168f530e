"""Files that a plugin was granted, read for its guests."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["read_at"]


def read_at(path: str, position: int, most: int) -> bytes | None:
    """Bytes of a regular file from a position on; None where there is no such file.

    Args:
        path: absolute, links resolved: it is opened as it stands, and is no link itself.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    try:
        number = _opened(path)
    except FileNotFoundError:
        return None
    with os.fdopen(number, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError("it is no regular file")
        file.seek(position)
        found = bytearray()
        while len(found) < most and (block := file.read(most - len(found))):
            found += block
        return bytes(found)


def _opened(path: str) -> int:
    """A descriptor of the file, without following a link that stands anywhere on the way by now."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    if os.open not in os.supports_dir_fd:
        return _unmoved(path, os.open(path, flags))
    root, *folders, name = Path(path).parts
    way = os.O_DIRECTORY | getattr(os, "O_PATH", os.O_RDONLY)  # a folder on the way need not be readable
    folder = os.open(root, way | os.O_CLOEXEC)
    try:
        for one in folders:
            below = os.open(one, way | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = below
        return os.open(name, flags, dir_fd=folder)
    finally:
        os.close(folder)


def _unmoved(path: str, number: int) -> int:
    """The descriptor, where the path still leads to its file without a link (Windows)."""
    if os.path.realpath(path) == path and os.path.samestat(os.fstat(number), os.stat(path)):  # noqa: PTH116 - a text
        return number
    os.close(number)
    raise OSError("a folder on the way is another one than before")
