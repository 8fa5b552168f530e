"""A file of lines that does not grow without end."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from kadr_sdk.errors import StorageError

__all__ = ["LimitedFile"]


class LimitedFile:
    """Appends to a file; one that is full is put aside as ``*.1``, in place of the one before.

    Several processes may write to one file: each sees its true length, and follows when another
    puts it aside.

    Args:
        most: bytes; only a single longer line makes the file longer.

    Raises:
        StorageError: it cannot be written.
    """

    def __init__(self, path: Path, most: int) -> None:
        self._path = path
        self._most = most
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._opened()
        except OSError as error:
            hint = "set plugin.kadr.telemetry.folder to a folder that can be written"
            raise StorageError(f"cannot be written: {error.strerror}", path=path, hint=hint) from error

    def write(self, text: str) -> int:
        """Append; what finds the file full where it cannot be put aside is dropped.

        Returns:
            Characters written.
        """
        if not self._current():
            self._file.close()
            self._file = self._opened()
        if self._full(len(text.encode())):
            self._put_aside()
            if self._full(len(text.encode())):
                return 0
        return self._file.write(text)

    def flush(self) -> None:
        """Hand everything to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _opened(self) -> TextIO:
        return self._path.open("a", encoding="utf-8", newline="\n")

    def _current(self) -> bool:
        """Whether what is open still has the name."""
        try:
            return os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())
        except FileNotFoundError:
            return False

    def _full(self, more: int) -> bool:
        length = self._file.seek(0, os.SEEK_END)
        return length > 0 and length + more > self._most

    def _put_aside(self) -> None:
        self._file.close()
        with suppress(OSError):  # on Windows: another process has it open
            self._path.replace(self._path.with_name(self._path.name + ".1"))
        self._file = self._opened()
