"""What a plugin folder holds, as one digest: the user's yes is to these files and no others."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from kadr_sdk.errors import StorageError

__all__ = ["MOST_BYTES", "MOST_FILES", "digest_of"]

MOST_FILES = 10_000
MOST_BYTES = 1 << 30
_COMPILED = "__pycache__"


def digest_of(folder: Path) -> str:
    """``sha256:…`` over the names and contents of all files below a folder; links are followed.

    Python's own compiled files are left out: of a plugin folder they are never read
    (:mod:`~kadr_kernel.plugins.contained`).

    Raises:
        StorageError: something there is no plain file or cannot be read, or there is too much.
    """
    found, size = hashlib.sha256(), 0
    for count, path in enumerate(_files(folder), 1):
        size += _size(path)
        if count > MOST_FILES or size > MOST_BYTES:
            _refuse(f"a plugin has at most {MOST_FILES} files and {MOST_BYTES >> 20} MiB", folder)
        name = path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape")
        try:
            with path.open("rb") as file:
                own = hashlib.file_digest(file, "sha256").digest()
        except OSError as error:
            _refuse(f"it cannot be read: {error.strerror}", path)
        # Every part of a fixed size but the name, whose length comes first: nothing can shift.
        found.update(len(name).to_bytes(4, "big") + name + own)
    return f"sha256:{found.hexdigest()}"


def _files(folder: Path) -> Iterator[Path]:
    """In an order of their own, whatever the system's is. A link in a circle ends at the limit."""

    def failed(error: OSError) -> NoReturn:
        _refuse(f"it cannot be read: {error.strerror}", Path(error.filename or folder))

    for place, folders, names in os.walk(folder, onerror=failed, followlinks=True):
        folders[:] = sorted(name for name in folders if name != _COMPILED)
        yield from (Path(place) / name for name in sorted(names))


def _size(path: Path) -> int:
    try:
        status = path.stat()
    except OSError as error:
        _refuse(f"it cannot be read: {error.strerror}", path)
    if not stat.S_ISREG(status.st_mode):
        _refuse("it is no plain file", path)
    return status.st_size


def _refuse(reason: str, path: Path) -> NoReturn:
    hint = "keep in the plugin's package what belongs to it, and data elsewhere"
    raise StorageError(f"the files of the plugin are not taken: {reason}", path=path, hint=hint)
