"""Blobs by digest on the user's disk: read-only, written whole, checked before they are given."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from kadr_registry.faults import TrustError
from kadr_registry.files import replace_into, storage_error, temporary_beside
from kadr_registry.names import blob_path

__all__ = ["BlobStore"]


class BlobStore:
    """Files named by the sha256 of their content. Safe to use from several processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        """Where a blob lies or would lie."""
        return self._folder / blob_path(sha256)

    def get(self, sha256: str, size: int) -> Path | None:
        """The blob where it is there and whole; a damaged one is removed."""
        path = self.path(sha256)
        try:
            with path.open("rb") as file:
                whole = (
                    path.stat().st_size == size and hashlib.file_digest(file, "sha256").hexdigest() == sha256
                )
        except OSError:
            return None
        if whole:
            return path
        with suppress(OSError):
            path.chmod(0o644)
            path.unlink()
        return None

    def take(self, sha256: str, size: int, pieces: Iterable[bytes], what: str, place: str) -> Path:
        """Write a blob while it arrives, and keep it only if it is the one that was signed.

        Args:
            what, place: name the blob and its source in errors.

        Raises:
            TrustError: too many bytes, too few, or others; nothing is kept.
            StorageError: it cannot be written.
        """
        target = self.path(sha256)
        try:
            temporary = temporary_beside(target)
            try:
                with temporary.open("xb") as file:
                    digest, count = hashlib.sha256(), 0
                    for piece in pieces:
                        if (count := count + len(piece)) > size:
                            raise _wrong(f"{what} is larger than the {size} bytes that were signed", place)
                        digest.update(piece)
                        file.write(piece)
                    if count != size:
                        raise _wrong(f"{what} has {count} bytes instead of {size}", place)
                    if digest.hexdigest() != sha256:
                        raise _wrong(f"{what} is not what was signed: its digest differs", place)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.chmod(0o444)
                replace_into(temporary, target)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(error, target) from error
        return target


def _wrong(text: str, place: str) -> TrustError:
    return TrustError(text, path=place, hint="try its own address instead of a mirror; nothing was kept")
