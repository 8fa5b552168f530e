"""Media facts for planning: probes, frame indexes and digests, each made once a file version."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from kadr_sdk.backend import Backend
from kadr_sdk.errors import KadrError, MediaFileError, StorageError
from kadr_sdk.events import Event, MediaFailed, MediaImported
from kadr_sdk.media import FrameIndex, MediaInfo
from kadr_sdk.sequences import file_version, find_sequence

from kadr_kernel.disk import write_whole

__all__ = ["FileKey", "MediaLibrary", "changed", "file_key"]

T = TypeVar("T")
FileKey = tuple[str, int, int, int]
"""Path, size, mtime in nanoseconds, inode: one version of a file (or of numbered pictures)."""
_MAX_ROWS = 20_000


def file_key(path: Path) -> FileKey:
    """The version of a file that stands there now.

    Raises:
        MediaFileError: there is none.
    """
    try:
        return str(path), *file_version(path)
    except OSError as error:
        reason = (
            "does not exist" if isinstance(error, FileNotFoundError) else (error.strerror or "unreadable")
        )
        raise MediaFileError(f"the media file {reason}", path=path, hint="check the path") from error


def changed(path: str) -> MediaFileError:
    """The error for a file that is not the one it was when the work began."""
    hint = "render again when nothing writes to it"
    return MediaFileError("the file was changed during the render", path=path, hint=hint)


class MediaLibrary:
    """Remembers what was found out about files; thread-safe.

    Args:
        backend: gives the backend on first use.
        publish: takes events.
        memory: file that remembers digests between runs, None for none.
    """

    def __init__(
        self, backend: Callable[[], Backend], publish: Callable[[Event], object], memory: Path | None
    ) -> None:
        self._backend = backend
        self._publish = publish
        self._memory = memory
        self._lock = threading.Lock()
        self._probes: OrderedDict[FileKey, MediaInfo | KadrError] = OrderedDict()
        self._probed: set[str] = set()
        self._indexes: OrderedDict[tuple[FileKey, int], FrameIndex] = OrderedDict()
        self._digests: dict[FileKey, str] | None = None
        self._dirty = False

    def probe(self, path: Path) -> MediaInfo:
        """What the file holds; a failure is remembered too."""
        key = file_key(path)
        found = self._recall(self._probes, key)
        if found is None:
            found = self._probe(path)
            self._keep(self._probes, key, found)
            self._probed.add(key[0])
        if isinstance(found, KadrError):
            raise found
        return found

    def _probe(self, path: Path) -> MediaInfo | KadrError:
        try:
            info = self._backend().probe(path)
        except KadrError as error:
            self._publish(MediaFailed(str(path), error.message))
            return error
        self._publish(MediaImported(str(path)))
        return info

    def index(self, path: Path, stream: int) -> FrameIndex:
        """Timestamps of a video stream."""
        key = (file_key(path), stream)
        found = self._recall(self._indexes, key)
        if found is None:
            found = self._backend().index(path, stream)
            self._keep(self._indexes, key, found)
        return found

    def digest(self, path: str) -> str:
        """sha256 of the content as hex, remembered by path, size, time and inode.

        Of a sequence of pictures: of their digests in order.
        """
        key = file_key(Path(path))
        with self._lock:
            if self._digests is None:
                self._digests = self._load()
            known = self._digests.get(key)
        if known:
            return known
        digest = _digest(Path(path))
        if file_key(Path(path)) != key:  # half of the one and half of the other would be remembered
            raise changed(path)
        with self._lock:
            self._digests[key] = digest
            self._dirty = True
        return digest

    def planned(self, path: str) -> FileKey:
        """The version that stands there, which is the one that was digested and, if any was, probed.

        Raises:
            MediaFileError: it was changed in between, so a plan may have mixed two versions, or is gone.
        """
        key = file_key(Path(path))
        with self._lock:
            probed = key in self._probes or path not in self._probed
            if probed and self._digests is not None and key in self._digests:
                return key
        raise changed(path)

    def save(self) -> None:
        """Remember the digests for the next run; failing to is no error."""
        with self._lock:
            if not self._dirty or self._memory is None or self._digests is None:
                return
            rows = [[*key, digest] for key, digest in list(self._digests.items())[-_MAX_ROWS:]]
            self._dirty = False
        try:
            write_whole(self._memory, json.dumps(rows).encode())
        except StorageError:
            return

    def _load(self) -> dict[FileKey, str]:
        if self._memory is None:
            return {}
        try:
            rows = json.loads(self._memory.read_text("utf-8"))
            return {(str(p), int(s), int(t), int(i)): str(d) for p, s, t, i, d in rows}
        except (OSError, ValueError, TypeError):
            return {}

    def _recall(self, table: OrderedDict[Any, T], key: Any) -> T | None:
        with self._lock:
            if key in table:
                table.move_to_end(key)
                return table[key]
        return None

    def _keep(self, table: OrderedDict[Any, Any], key: Any, value: Any) -> None:
        with self._lock:
            table[key] = value
            while len(table) > _MAX_ROWS:
                table.popitem(last=False)


def _digest(path: Path) -> str:
    pictures = find_sequence(path)
    if pictures is not None:
        return hashlib.sha256("".join(map(_digest, pictures.files())).encode()).hexdigest()
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MediaFileError(f"cannot be read: {error.strerror}", path=path) from error
