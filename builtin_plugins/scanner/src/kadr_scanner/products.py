"""What is made of media is made once: kept in the cache by content and settings, by one maker at a time."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kadr_sdk.errors import MediaFileError
from kadr_sdk.media import MediaInfo, VideoStream

from kadr_scanner.work import Job

if TYPE_CHECKING:
    from kadr_scanner.library import Library

__all__ = ["Source", "frame_bytes", "made", "product_key", "reserve", "source_of"]

T = TypeVar("T")
_MEANING = 1
"""Raised whenever the same settings would give another product."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that something is made of."""

    path: Path
    digest: str
    info: MediaInfo

    @property
    def video(self) -> VideoStream:
        """Its pictures.

        Raises:
            MediaFileError: it has none.
        """
        video = self.info.main_video
        if video is None:
            hint = "give a film or a picture"
            raise MediaFileError("there are no pictures in this file", path=self.path, hint=hint)
        return video

    @property
    def film(self) -> VideoStream:
        """Its moving pictures.

        Raises:
            MediaFileError: it has none.
        """
        if self.video.still:
            raise MediaFileError("this is a still picture, not a film", path=self.path, hint="give a film")
        return self.video


def source_of(library: Library, path: Path) -> Source:
    """A file with its content's digest and what it holds.

    Raises:
        MediaFileError: it cannot be used; says why.
    """
    info = library.backend.probe(path)
    return Source(path, library.digest(path), info)


def product_key(library: Library, digest: str, settings: dict[str, Any]) -> str:
    """The cache's key: content, settings, and the libraries that make it."""
    versions = list(library.backend.capabilities().versions)
    text = json.dumps([_MEANING, digest, settings, versions], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def made(
    library: Library, kind: str, key: str, job: Job, make: Callable[[Path], object], use: Callable[[Path], T]
) -> T:
    """What ``use`` makes of the product, which ``make`` has written to a path, now or long ago.

    Who asks for a product that is being made waits for it.
    """
    with library.cache.claim(kind, key, job.check) as found:
        if found is not None:
            return use(found)
        library.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="making-", dir=library.folder) as folder:
            path = Path(folder, "product")
            make(path)
            library.cache.put(kind, key, path)
            return use(path)


def frame_bytes(video: VideoStream) -> int:
    """Memory for decoding a film or picture: a few pictures of it in 16 bit with alpha."""
    few = 2 if video.still else 6
    return max(32 << 20, video.width * video.height * 8 * few)


def reserve(library: Library, video: VideoStream, job: Job) -> Any:
    """The memory for a film's pictures, of the common budget."""
    job.check()
    return library.scheduler.reserve(min(frame_bytes(video), library.scheduler.memory_budget), owner="media")
