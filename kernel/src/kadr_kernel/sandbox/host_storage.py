"""What guests of a plugin keep: small files in one private folder, within a quota."""

from __future__ import annotations

import hashlib
from pathlib import Path

from kadr_kernel.disk import is_temporary, locked, write_whole

__all__ = ["ENTRY_BYTES", "GuestStorage"]

ENTRY_BYTES = 256
"""What an entry counts besides its bytes, so that a million empty ones are not free."""


class GuestStorage:
    """Bytes by key. Safe to use from any thread and process; writes are whole or not at all.

    Args:
        folder: of the plugin; made by the first write.
        quota: bytes of all values, with :data:`ENTRY_BYTES` for each.
    """

    def __init__(self, folder: Path, quota: int) -> None:
        self._folder = folder
        self._quota = quota

    def get(self, key: str) -> bytes | None:
        """What is kept under a key; None: nothing.

        Raises:
            OSError: it cannot be read.
        """
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            return None

    def set(self, key: str, value: bytes) -> bool:
        """Keep a value, or forget the key where it is empty; False where the quota forbids it.

        Raises:
            StorageError: it cannot be written, and is as it was.
        """
        path = self._path(key)
        with locked(self._folder / "lock"):
            if not value:
                path.unlink(missing_ok=True)
                return True
            if self._used(path) + len(value) + ENTRY_BYTES > self._quota:
                return False
            write_whole(path, value, private=True)
            return True

    def _used(self, besides: Path) -> int:
        sizes = [
            path.stat().st_size + ENTRY_BYTES
            for path in self._folder.iterdir()
            if path.name != "lock" and path != besides and not is_temporary(path)
        ]
        return sum(sizes)

    def _path(self, key: str) -> Path:
        # A digest: no key is a path, and none is a name that a file system takes for another.
        return self._folder / hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
