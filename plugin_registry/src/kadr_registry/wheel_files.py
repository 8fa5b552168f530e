"""What may be inside a wheel: plain files at safe paths, each once, of a bounded size.

Asked by the registry before it takes a wheel and by the client before it opens one, so that no
two readers of the same archive can see different files in it.
"""

from __future__ import annotations

import stat
import zipfile
from pathlib import PurePosixPath

__all__ = ["check_members"]

_MAX_BYTES = 2 << 30
_MAX_FILES = 50_000
_HEADER = 30
"""Bytes of a local file header without its name; source: APPNOTE.TXT of PKWARE, 4.3.7."""


def check_members(archive: zipfile.ZipFile) -> None:
    """Look at every entry of an opened wheel.

    Raises:
        ValueError: too much, doubled, overlapping, hidden, no plain file, or at an unsafe path.
        zipfile.BadZipFile: an entry has another name where it lies than the list says.
    """
    members = archive.infolist()
    names = [info.filename.casefold() for info in members]
    if len(members) > _MAX_FILES or sum(info.file_size for info in members) > _MAX_BYTES:
        raise ValueError(f"it unpacks to more than {_MAX_FILES} files or {_MAX_BYTES >> 30} GiB")
    if len(set(names)) != len(names):
        raise ValueError("a file is there twice")
    _check_places(members, archive.start_dir)
    for info in members:
        _check_path(info)
        with archive.open(info):  # compares the two names
            pass


def _check_places(members: list[zipfile.ZipInfo], end: int) -> None:
    """Every byte before the list belongs to at most one entry, and the first begins the file."""
    ordered = sorted(members, key=lambda info: info.header_offset)
    if ordered and ordered[0].header_offset:
        raise ValueError("something stands before its first entry")
    starts = [*(info.header_offset for info in ordered[1:]), end]
    for info, following in zip(ordered, starts, strict=False):
        if info.header_offset + _HEADER + len(info.filename.encode()) + info.compress_size > following:
            raise ValueError(f"{info.filename!r} lies over another entry")


def _check_path(info: zipfile.ZipInfo) -> None:
    parts = PurePosixPath(info.filename).parts
    if info.filename.startswith("/") or ".." in parts or "\\" in info.filename or ":" in info.filename:
        raise ValueError(f"{info.filename!r} is not a safe path")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ValueError(f"{info.filename!r} is no plain file")
    scheme = parts[1] if len(parts) > 1 and parts[0].endswith(".data") else "purelib"
    if scheme not in ("purelib", "platlib"):
        raise ValueError(f"it would put {info.filename!r} outside of its folder")
