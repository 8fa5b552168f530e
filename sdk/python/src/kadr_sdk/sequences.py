"""Pictures with numbers in their names that together are a film: ``frames_%04d.png``."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kadr_sdk.errors import MediaFileError

__all__ = ["PictureSequence", "file_version", "find_sequence", "is_pattern"]

_NUMBER = re.compile(r"%(0[1-9])?d")
_MOST = 1_000_000
_DIGITS = 9
_TOLD = 3


@dataclass(frozen=True, slots=True)
class PictureSequence:
    """Pictures ``first .. first + count - 1``, none of them missing.

    Attributes:
        pattern: the path whose name holds ``%d`` or ``%04d``.
    """

    pattern: Path
    first: int
    count: int

    def files(self) -> Iterator[Path]:
        """Every picture in order."""
        for number in range(self.first, self.first + self.count):
            yield _file(self.pattern, number)


def is_pattern(path: Path) -> bool:
    """True where the name stands for many files: one number in it, and no file of just that name."""
    return "%" in str(path) and len(_NUMBER.findall(path.name)) == 1 and not path.exists()


def find_sequence(path: Path) -> PictureSequence | None:
    """The pictures that a path stands for, the lowest number first; None where it is one file.

    Raises:
        MediaFileError: there is none, or one in the middle is missing.
    """
    if not is_pattern(path):
        return None
    numbers = sorted(_numbers(path))
    if not numbers:
        hint = f"the first could be {_file(path, 1).name}; is the folder right?"
        raise MediaFileError("no picture has such a name", path=path, hint=hint)
    if len(numbers) > _MOST:
        raise MediaFileError(f"more than {_MOST} pictures", path=path, hint="make a film of them in parts")
    first, last = numbers[0], numbers[-1]
    if len(numbers) != last - first + 1:
        raise _gap(path, numbers)
    return PictureSequence(path, first, len(numbers))


def _gap(path: Path, numbers: list[int]) -> MediaFileError:
    here = set(numbers)
    missing: list[str] = []
    number = numbers[0]
    lost = numbers[-1] - numbers[0] + 1 - len(numbers)
    while len(missing) < min(lost, _TOLD):
        if number not in here:
            missing.append(_file(path, number).name)
        number += 1
    more = f" and {lost - len(missing)} more" if lost > len(missing) else ""
    verb = "is" if lost == 1 else "are"
    hint = "put them there, or give the pictures numbers without gaps"
    return MediaFileError(f"{', '.join(missing)}{more} {verb} missing", path=path, hint=hint)


def _numbers(path: Path) -> Iterator[int]:
    """The numbers of the pictures in the folder; ``%04d`` is at least four digits, ``%d`` has no zeros."""
    found = _NUMBER.search(path.name)
    assert found is not None
    width = int(found[1] or 1)
    head, tail = re.escape(path.name[: found.start()]), re.escape(path.name[found.end() :])
    digits = rf"(\d{{{width}}}|[1-9]\d{{{width},{_DIGITS}}})"
    named = re.compile(head + digits + tail)
    try:
        with os.scandir(path.parent) as entries:
            for entry in entries:
                match = named.fullmatch(entry.name)
                if match:
                    yield int(match[1])
    except OSError:
        return


def _file(pattern: Path, number: int) -> Path:
    found = _NUMBER.search(pattern.name)
    assert found is not None
    name = f"{pattern.name[: found.start()]}{number:0{int(found[1] or 1)}d}{pattern.name[found.end() :]}"
    return pattern.with_name(name)


def file_version(path: Path) -> tuple[int, int, int]:
    """Size in bytes, time of change in nanoseconds and inode of a file.

    Of a sequence: the sizes together, and two numbers that any change of any picture changes.

    Raises:
        OSError: it is not there.
        MediaFileError: as :func:`find_sequence`.
    """
    pictures = find_sequence(path)
    if pictures is None:
        stat = path.stat()
        return stat.st_size, stat.st_mtime_ns, stat.st_ino
    size, versions = 0, hashlib.sha256()
    for picture in pictures.files():
        stat = picture.stat()
        size += stat.st_size
        versions.update(b"%d %d %d;" % (stat.st_size, stat.st_mtime_ns, stat.st_ino))
    digest = versions.digest()
    return size, int.from_bytes(digest[:7], "big"), int.from_bytes(digest[7:14], "big")
