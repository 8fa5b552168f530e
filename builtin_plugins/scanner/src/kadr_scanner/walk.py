"""Files of media below a folder, a folder at a time, in a fixed order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kadr_sdk.errors import InvalidPathError

from kadr_scanner.rows import Version

__all__ = ["EXTENSIONS", "Folder", "walk"]

_VIDEO = "mp4 m4v mov qt mkv webm avi mpg mpeg m2v vob ts mts m2ts flv f4v wmv asf 3gp 3g2 mxf ogv dv y4m"
_AUDIO = "mp3 wav wave bwf flac ogg oga opus m4a aac ac3 eac3 aif aiff aifc wma caf mka amr wv ape"
_IMAGE = "jpg jpeg jpe png webp gif bmp tif tiff avif heic heif exr dpx jp2 apng"
EXTENSIONS = frozenset(f".{word}" for word in f"{_VIDEO} {_AUDIO} {_IMAGE}".split())
"""Endings, in small letters, of files that are looked at."""

_DEPTH = 200


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of media right in a folder, by name."""

    path: str
    files: dict[str, Version] = field(default_factory=dict)


def walk(root: Path, warn: Callable[[str, str], object] = lambda *_: None) -> Iterator[Folder]:
    """Every folder at and below ``root``, itself first; hidden ones and links to folders are left out.

    Args:
        warn: takes path and reason of what cannot be read.

    Raises:
        InvalidPathError: ``root`` is no folder, or cannot be read.
    """
    if not root.is_dir():
        text = "is not a folder" if root.exists() else "does not exist"
        raise InvalidPathError(text, path=root, hint="name a folder with media in it")
    try:
        yield from _folder(str(root.absolute()), warn, 0)
    except OSError as error:
        raise InvalidPathError(
            f"cannot be read: {error.strerror}", path=root, hint="check its rights"
        ) from error


def _folder(path: str, warn: Callable[[str, str], object], depth: int) -> Iterator[Folder]:
    found, deeper = Folder(path), []
    with os.scandir(path) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            if entry.name.startswith("."):
                continue
            if not _readable_name(entry.name):
                warn(ascii(entry.path), "the name is not text (UTF-8); rename it")
            elif entry.is_dir(follow_symlinks=False):
                deeper.append(entry.path)
            elif os.path.splitext(entry.name)[1].lower() in EXTENSIONS:  # noqa: PTH122 - a Path for each of 100,000 is slow
                _add(found, entry, warn)
    yield found
    for folder in deeper if depth < _DEPTH else ():
        try:
            yield from _folder(folder, warn, depth + 1)
        except OSError as error:
            warn(folder, f"cannot be read: {error.strerror}")


def _add(found: Folder, entry: os.DirEntry[str], warn: Callable[[str, str], object]) -> None:
    try:
        if entry.is_file():
            # On Windows the entry's own facts lack the inode.
            stat = os.stat(entry.path) if os.name == "nt" else entry.stat()  # noqa: PTH116 - as fast as it goes
            found.files[entry.name] = Version.of(stat)
    except OSError as error:
        warn(entry.path, f"cannot be looked at: {error.strerror}")


def _readable_name(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
