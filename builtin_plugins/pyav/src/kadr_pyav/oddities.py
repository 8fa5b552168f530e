"""What is odd about a file although it can be read: cut off sound, a name that says something else."""

from __future__ import annotations

import struct
from pathlib import Path

from kadr_sdk.errors import MediaFileError, Problem

__all__ = ["missing_sound", "nothing_usable", "oddities"]

_PICTURES = frozenset({".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})  # formats that cannot move
_FILMS = frozenset({".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".ts", ".mts"})
_UNTOLD = 0xFFFFFFFF  # as a stream of unknown length is written


def oddities(path: Path, still: bool) -> list[Problem]:
    """Warnings that the container's own reader does not give.

    Args:
        still: the content is a single picture.
    """
    found = []
    named = path.suffix.lower()
    if not still and named in _PICTURES:
        found.append(Problem(str(path), f"this is a film, though its name ends in {named}", "rename it"))
    if still and named in _FILMS:
        found.append(Problem(str(path), f"this is a picture, though its name ends in {named}", "rename it"))
    if message := missing_sound(path):
        found.append(Problem(str(path), message, "copy or export the file again"))
    return found


def missing_sound(path: Path) -> str:
    """A sentence where a WAV file promises sound beyond its end, else nothing."""
    missing = _missing_sound(path)
    return f"the file is cut off: {missing} bytes of sound are missing at its end" if missing else ""


def _missing_sound(path: Path) -> int:
    """Bytes that the data chunk of a WAV file promises beyond the end of the file."""
    with path.open("rb") as file:
        size = path.stat().st_size
        start = file.read(12)
        if start[:4] != b"RIFF" or start[8:] != b"WAVE":
            return 0
        while len(head := file.read(8)) == 8:
            kind, length = struct.unpack("<4sI", head)
            if kind == b"data":
                return 0 if length == _UNTOLD else max(0, file.tell() + length - size)
            file.seek(length + length % 2, 1)
    return 0


def nothing_usable(path: Path, warnings: list[Problem], still: bool) -> MediaFileError:
    """The error for a file that opens and has nothing in it, with the reasons found so far."""
    if still and _animated_webp(path):
        hint = "save it as GIF, PNG or a film"
        return MediaFileError("WebP that moves cannot be decoded", path=path, hint=hint)
    if still:
        hint = "open it in an image viewer; if that works, save it again"
        return MediaFileError("the picture is damaged or cut off", path=path, hint=hint)
    ignored = "; it is ignored"
    reasons = ", ".join(w.message.removesuffix(ignored) for w in warnings if w.message.endswith(ignored))
    return MediaFileError(
        f"nothing in this file can be used: {reasons or 'it has neither picture nor sound'}",
        path=path,
        hint="play it elsewhere; if that works, convert it to H.264 and AAC",
    )


def _animated_webp(path: Path) -> bool:
    """RFC 9649, 2.7: the second bit of the flags of the extended format."""
    with path.open("rb") as file:
        head = file.read(21)
    return len(head) == 21 and head[8:16] == b"WEBPVP8X" and bool(head[20] & 2)
