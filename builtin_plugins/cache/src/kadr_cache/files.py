"""Whole files: their version and digest, links where possible, removal of read-only ones."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

__all__ = ["Version", "digest_of", "link_or_copy", "make_read_only", "remove", "sync", "version_of"]

Version = tuple[int, int, int]
"""Size, time of the last change in nanoseconds, inode."""

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def version_of(path: Path) -> Version:
    """The version of the file that stands there now."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


def digest_of(path: Path) -> str:
    """sha256 of the content as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def link_or_copy(source: Path, target: Path) -> None:
    """The same content under another name: a hard link where there are such, else a copy.

    Raises:
        OSError: neither is possible; where copying failed nothing is left.
    """
    try:
        os.link(source, target)
    except (FileExistsError, FileNotFoundError):
        raise
    except (OSError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            raise
        try:
            shutil.copyfile(source, target)
        except BaseException:
            remove(target)
            raise


def make_read_only(path: Path) -> None:
    """An entry is never changed."""
    path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)


def sync(path: Path) -> None:
    """Have the content on the disk before its name says that it is there."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def remove(path: Path) -> bool:
    """Remove a file, read-only ones too; False where it is in use (Windows) or may not be."""
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        if os.name != "nt":  # there the rights of the folder decide, not those of the file
            return False
        with suppress(OSError):
            path.chmod(stat.S_IWRITE)
            path.unlink(missing_ok=True)
            return True
        return False
    except OSError:
        return False
    return True
