"""Files that parameters name, as bytes for a guest: it cannot open one itself."""

from __future__ import annotations

import threading
from pathlib import Path

from kadr_sdk.errors import MediaFileError

__all__ = ["Files"]


class Files:
    """Reads each file once a job. Thread-safe.

    Args:
        most: bytes of one file.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._known: dict[str, bytes] = {}

    def content(self, path: str) -> bytes:
        """All bytes of a file.

        Raises:
            MediaFileError: it cannot be read, or is larger than a guest is given.
        """
        with self._lock:
            if path not in self._known:
                self._known[path] = self._read(path)
            return self._known[path]

    def check(self, path: str) -> None:
        """Refuse a file without reading it.

        Raises:
            MediaFileError: there is none, or it is larger than a guest is given.
        """
        try:
            size = Path(path).stat().st_size
        except OSError as error:
            raise MediaFileError(f"cannot be read: {error.strerror}", path=path) from error
        self._check_size(size, path)

    def _check_size(self, size: int, path: str) -> None:
        if size > self._most:
            text = f"is larger than the {self._most} bytes that a guest is given"
            raise MediaFileError(text, path=path, hint="use a smaller file")

    def _read(self, path: str) -> bytes:
        try:
            with Path(path).open("rb") as file:
                found = file.read(self._most + 1)
        except OSError as error:
            raise MediaFileError(f"cannot be read: {error.strerror}", path=path) from error
        self._check_size(len(found), path)
        return found
