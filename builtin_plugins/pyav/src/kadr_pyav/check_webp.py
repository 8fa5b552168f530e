"""Verifying an animated WebP (RFC 9649), which libav can write and not read: by its chunks."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import Problem
from kadr_sdk.reports import CheckReport

if TYPE_CHECKING:
    from kadr_sdk.reports import Expectation

__all__ = ["check_webp", "is_moving_webp", "pictures_of"]


def is_moving_webp(path: Path) -> bool:
    """True where the file is a WebP that says it moves; false where it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(21)
    except OSError:
        return False
    return head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and len(head) == 21 and bool(head[20] & 2)


def check_webp(path: Path, expected: Expectation, level: str) -> CheckReport:
    """Verify number, size and times of the pictures; ``full`` decodes each as well."""
    found, problems = _Facts(), []
    try:
        for width, height, milliseconds, data in pictures_of(path):
            found.add(width, height, milliseconds)
            if level == "full":
                _decode(data, width, height)
    except ValueError as error:
        problems.append(f"the file is damaged: {error}")
    problems += found.unlike(expected)
    rows = tuple(Problem(f"{path}: video", p, "render again") for p in problems)
    return CheckReport(level, rows, found.as_dict())


class _Facts:
    def __init__(self) -> None:
        self.count = self.milliseconds = self.width = self.height = 0

    def add(self, width: int, height: int, milliseconds: int) -> None:
        self.count += 1
        self.milliseconds += milliseconds
        self.width, self.height = max(self.width, width), max(self.height, height)

    def unlike(self, expected: Expectation) -> list[str]:
        pairs = (
            ("the number of pictures", self.count, expected.frames),
            ("the width", self.width, expected.width),
            ("the height", self.height, expected.height),
        )
        found = [f"{what} is {has} instead of {want}" for what, has, want in pairs if want not in (None, has)]
        if expected.frames is not None and expected.rate is not None:
            wanted = expected.frames / Fraction(expected.rate) * 1000
            if abs(self.milliseconds - wanted) > expected.frames:  # each is rounded to a millisecond
                found.append(f"the pictures last {self.milliseconds} ms instead of {float(wanted):.0f} ms")
        return found

    def as_dict(self) -> dict[str, Any]:
        video = {"codec": "webp", "packets": self.count, "width": self.width, "height": self.height}
        return {"container": "webp", "video": video | {"seconds": self.milliseconds / 1000}}


def pictures_of(path: Path) -> Iterator[tuple[int, int, int, bytes]]:
    """Width, height, milliseconds and the chunks of each picture, in order.

    Raises:
        ValueError: the file breaks off, or is none.
    """
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WEBP":
            raise ValueError("it does not begin as a WebP does")
        end = 8 + struct.unpack("<I", head[4:8])[0]
        if path.stat().st_size < end:
            raise ValueError("it breaks off")
        while file.tell() + 8 <= end:
            kind, size = struct.unpack("<4sI", file.read(8))
            body = file.read(size + size % 2)
            if kind == b"ANMF" and size >= 16:
                sides = [int.from_bytes(body[i : i + 3], "little") for i in (6, 9, 12)]
                yield sides[0] + 1, sides[1] + 1, sides[2], body[16:]


def _decode(chunks: bytes, width: int, height: int) -> None:
    import io

    import av
    import av.error

    still = b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks
    try:
        with av.open(io.BytesIO(still), "r") as container:
            frame = next(container.decode(video=0))
    except (av.error.FFmpegError, StopIteration) as error:
        raise ValueError(f"a picture cannot be decoded ({error})") from error
    if (frame.width, frame.height) != (width, height):
        raise ValueError(f"a picture is {frame.width}x{frame.height} instead of {width}x{height}")
