"""Proxies: films small enough for quick previews, picture for picture the same film.

A proxy has one picture for each of its source, upright, with square pixels, deinterlaced, in
BT.709, at a constant rate, without sound. It is kept in the cache and found by content.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from kadr_sdk.errors import KadrError, MediaFileError
from kadr_sdk.frames import VideoFrame
from kadr_sdk.media import VideoStream
from kadr_sdk.output import Output, VideoEncoding
from kadr_sdk.plugin import PluginContext
from kadr_sdk.services import Cache

from kadr_scanner.index import INDEX, Index
from kadr_scanner.nodes import picture_node
from kadr_scanner.products import Source, made, reserve
from kadr_scanner.rows import Version
from kadr_scanner.work import Job, frames_of

if TYPE_CHECKING:
    from kadr_scanner.library import Library

__all__ = ["SCALES", "CachedProxies", "make_proxy", "proxy_size"]

SCALES = {"quarter": Fraction(1, 4), "half": Fraction(1, 2)}
"""Sizes of proxies by name, the smallest first."""

_KIND = "proxy"
_MEANING = 1
_SMALLEST = 16


def _key(digest: str, stream: int, scale: Fraction) -> str:
    return hashlib.sha256(f"{_MEANING} {digest} {stream} {scale}".encode()).hexdigest()


class CachedProxies:
    """Satisfies :class:`kadr_sdk.services.Proxies`: by the library's index, from the cache."""

    def __init__(self, context: PluginContext) -> None:
        self._container = context.container
        self._index = Index(context.storage / INDEX)

    def find(self, path: Path, stream: int, scale: Fraction) -> Path | None:
        """The smallest proxy that is at least ``scale`` times as large as its source is shown."""
        digest = self._digest(path)
        cache = self._container.get(Cache)
        for size in SCALES.values() if digest else ():
            if size >= scale and (found := cache.get(_KIND, _key(digest, stream, size))) is not None:
                return found
        return None

    def _digest(self, path: Path) -> str:
        """Of the file as it is now; nothing where the library does not know it so."""
        if not self._index.path.is_file():
            return ""
        try:
            row = self._index.find(path.absolute())
            return row.digest if row is not None and row.version == Version.of(path.stat()) else ""
        except (OSError, sqlite3.Error, KadrError):
            return ""  # a preview without proxies is slower, not wrong

    def close(self) -> None:
        """Close the index."""
        self._index.close()


def proxy_size(video: VideoStream, scale: Fraction) -> tuple[int, int]:
    """Width and height of a proxy: even, as 4:2:0 needs."""
    width, height = (max(2, round(side * scale / 2) * 2) for side in video.display_size)
    return width, height


def make_proxy(library: Library, source: Source, scale: str, job: Job | None = None) -> int:
    """Make a proxy where there is none yet; its size in bytes.

    Raises:
        MediaFileError: no film, too small already, or one with transparency, which would be lost.
    """
    video, factor = source.film, SCALES[scale]
    if video.transparent:
        hint = "previews use the file itself"
        raise MediaFileError("a proxy would lose the transparency", path=source.path, hint=hint)
    if min(proxy_size(video, factor)) < _SMALLEST:
        raise MediaFileError(
            "the film is too small for a proxy", path=source.path, hint="use the file itself"
        )
    index = library.backend.index(source.path, video.index)
    job = job or library.job("proxy", source.path, len(index.pts))

    def pictures() -> Iterator[VideoFrame]:
        times = [t * index.time_base for t in index.pts]
        node = picture_node(source.path, video, times, proxy_size(video, factor), "yuv420p")
        with closing(frames_of(library.backend, node, job)) as frames:
            for frame in frames:
                yield frame
                job.advance()

    def make(path: Path) -> None:
        with reserve(library, video, job):
            library.backend.write(path, _output(video, factor), pictures(), None)

    library.learn(source.path, source.info, source.digest)
    key = _key(source.digest, video.index, factor)
    return made(library, _KIND, key, job, make, lambda path: path.stat().st_size)


def _output(video: VideoStream, factor: Fraction) -> Output:
    """Short groups and no B-frames: any picture of it comes quickly."""
    width, height = proxy_size(video, factor)
    rate = video.rate if video.rate is not None else Fraction(25)
    encoding = VideoEncoding(
        "h264", "yuv420p", width, height, rate, crf=20, preset="veryfast", gop=12, b_frames=0
    )
    return Output("kadr.scanner.proxy", "mp4", encoding)
