"""Media on a worker: under their own path where that is the same file, else from the store."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
import weakref
from pathlib import Path

from kadr_sdk.errors import StorageError
from kadr_sdk.execution import Media

from kadr_dask.store import Store

__all__ = ["Places"]


class Places:
    """Finds media by digest; what is fetched is kept up to a limit. Safe to use from any thread.

    Args:
        room: bytes to keep; the longest unused go first.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int, int], str] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="kadr-media-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def find(
        self, wanted: tuple[Media, ...], store: Store | None
    ) -> tuple[dict[str, str], tuple[Media, ...]]:
        """Paths of what lies elsewhere than it says, and what is nowhere."""
        found: dict[str, str] = {}
        missing: list[Media] = []
        with self._lock:  # a second task waits for the first one's copy
            for media in wanted:
                if self._is_there(media):
                    continue
                path = self._kept(media, store)
                if path is None:
                    missing.append(media)
                else:
                    found[media.path] = str(path)
            self._limit({Path(path) for path in found.values()})
        return found, tuple(missing)

    def _is_there(self, media: Media) -> bool:
        try:
            facts = Path(media.path).stat()
        except OSError:
            return False
        key = (media.path, facts.st_size, facts.st_mtime_ns)
        if key not in self._known:
            self._known[key] = _digest(Path(media.path))
        return self._known[key] == media.digest

    def _kept(self, media: Media, store: Store | None) -> Path | None:
        # The name ends as the original: some formats are known by it alone.
        path = self._folder / f"{media.digest}{Path(media.path).suffix}"
        if path.is_file():
            path.touch()
            return path
        if store is None or not store.get(media.digest, path):
            return None
        if _digest(path) != media.digest:
            path.unlink()
            raise StorageError("the store holds other bytes than it says", path=media.path)
        return path

    def _limit(self, used: set[Path]) -> None:
        files = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        size = sum(path.stat().st_size for path in files)
        for path in files:
            if size <= self._room:
                return
            if path not in used:
                size -= path.stat().st_size
                path.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
