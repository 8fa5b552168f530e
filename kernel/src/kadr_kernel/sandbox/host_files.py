"""Files that a plugin was granted, read for its guests."""

from __future__ import annotations

import os
import stat

__all__ = ["read_at"]


def read_at(path: str, position: int, most: int) -> bytes | None:
    """Bytes of a regular file from a position on; None where there is no such file.

    Args:
        path: absolute, links resolved: it is opened as it stands, and is no link itself.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        number = os.open(path, flags | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
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
