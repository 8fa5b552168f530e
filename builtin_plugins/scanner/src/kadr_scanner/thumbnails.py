"""Thumbnails, and storyboards: a film on one sheet."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from kadr_sdk.errors import InvalidParameterError
from kadr_sdk.frames import VideoFrame
from kadr_sdk.media import FrameIndex, VideoStream

from kadr_scanner.nodes import SRGB, fitted, picture_node
from kadr_scanner.products import Source, made, product_key, reserve
from kadr_scanner.work import Job, frames_of

if TYPE_CHECKING:
    from kadr_scanner.library import Library

__all__ = ["KINDS", "Sheet", "Tile", "moment_of", "storyboard", "thumbnail"]

KINDS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp"}
"""Kind of picture by the ending of a name."""

_FLAT = 6.0  # standard deviation of 8 bit codes below which a picture shows nothing
_TRIES = (Fraction(1, 10), Fraction(3, 10), Fraction(1, 2), Fraction(7, 10))
MAX_SIDE = 4096
MAX_TILES = 1000


def thumbnail(
    library: Library,
    source: Source,
    kind: str,
    size: tuple[int, int] = (320, 180),
    at: Fraction | None = None,
    job: Job | None = None,
) -> bytes:
    """A picture of a file, upright, within ``size``, as ``jpeg``, ``png`` or ``webp``.

    Args:
        at: seconds from the file's first picture; None: the first of a few moments that shows
            something, a tenth into the film.

    Raises:
        InvalidParameterError: ``at`` is after the end.
        MediaFileError: there are no pictures in it.
    """
    job = job or library.job("thumbnail", source.path)
    settings = {"kind": kind, "size": size, "at": at}
    key = product_key(library, source.digest, settings)

    def make(path: Any) -> None:
        frame = _picture(library, source, size, at, alpha=kind != "jpeg", job=job)
        path.write_bytes(library.backend.image(frame, kind))

    return made(library, "thumbnail", key, job, make, lambda path: path.read_bytes())


def _picture(
    library: Library, source: Source, size: tuple[int, int], at: Fraction | None, *, alpha: bool, job: Job
) -> VideoFrame:
    video = source.video
    format = "rgba" if alpha and video.transparent else "rgb24"
    shown = fitted(video, size)
    if video.still:
        moments = [video.start]
    else:
        index = library.backend.index(source.path, video.index)
        moments = [moment_of(index, at)] if at is not None else _moments(index)
    best: tuple[float, VideoFrame] | None = None
    with reserve(library, video, job):
        for moment in moments:
            node = picture_node(source.path, video, [moment], shown, format)
            with closing(frames_of(library.backend, node, job)) as frames:
                frame = next(frames).copy()
            detail = float(frame.planes[0][..., :3].std())
            if best is None or detail > best[0]:
                best = detail, frame
            if detail > _FLAT:
                break
    assert best is not None
    return best[1]


def _moments(index: FrameIndex) -> list[Fraction]:
    """A second into the film or a tenth, whichever is earlier, then further moments."""
    times = [index.duration * part for part in _TRIES]
    times[0] = min(times[0], Fraction(1))
    return [moment_of(index, t) for t in times]


def moment_of(index: FrameIndex, at: Fraction) -> Fraction:
    """Time in the stream of a time from its first picture.

    Raises:
        InvalidParameterError: after the end.
    """
    if not 0 <= at < index.duration:
        hint = f"the pictures last {float(index.duration):.3f} s"
        raise InvalidParameterError(f"there is no picture at {float(at):g} s", path="at", hint=hint)
    return index.start + at


@dataclass(frozen=True, slots=True)
class Tile:
    """A picture on a sheet: seconds from the film's start, and its place in pixels."""

    at: float
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A storyboard: the finished picture file, and what stands where on it."""

    picture: bytes
    width: int
    height: int
    tile: tuple[int, int]
    tiles: tuple[Tile, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, without the picture."""
        tiles = [{"at": t.at, "x": t.x, "y": t.y} for t in self.tiles]
        return {"width": self.width, "height": self.height, "tile": list(self.tile), "tiles": tiles}


def storyboard(
    library: Library,
    source: Source,
    kind: str,
    *,
    columns: int = 4,
    rows: int = 4,
    width: int = 240,
    job: Job | None = None,
) -> Sheet:
    """Pictures at even distances over the film, in reading order on one sheet.

    Each shows the middle of its part of the film.

    Raises:
        InvalidParameterError: too many tiles, or too large a sheet.
        MediaFileError: it is no film.
    """
    video, count = source.film, columns * rows
    tile = fitted(video, (width, width * 4))
    if not 0 < count <= MAX_TILES or tile[0] * columns * tile[1] * rows > MAX_SIDE * MAX_SIDE:
        hint = f"at most {MAX_TILES} tiles and {MAX_SIDE * MAX_SIDE} pixels"
        raise InvalidParameterError("the sheet is too large", path="columns", hint=hint)
    index = library.backend.index(source.path, video.index)
    ats = [index.duration * (2 * n + 1) / (2 * count) for n in range(count)]
    places = [(n % columns * tile[0], n // columns * tile[1]) for n in range(count)]
    job = job or library.job("storyboard", source.path, count)
    size = tile[0] * columns, tile[1] * rows
    settings = {"kind": kind, "columns": columns, "rows": rows, "width": width}

    def make(path: Any) -> None:
        frame = _sheet(library, source, video, [index.start + at for at in ats], places, tile, size, job)
        path.write_bytes(library.backend.image(frame, kind))

    key = product_key(library, source.digest, settings)
    picture = made(library, "storyboard", key, job, make, lambda path: path.read_bytes())
    tiles = tuple(Tile(round(float(at), 3), x, y) for at, (x, y) in zip(ats, places, strict=True))
    return Sheet(picture, *size, tile, tiles)


def _sheet(
    library: Library,
    source: Source,
    video: VideoStream,
    times: list[Fraction],
    places: list[tuple[int, int]],
    tile: tuple[int, int],
    size: tuple[int, int],
    job: Job,
) -> VideoFrame:
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    node = picture_node(source.path, video, times, tile, "rgb24")
    with reserve(library, video, job), closing(frames_of(library.backend, node, job)) as frames:
        for (x, y), frame in zip(places, frames, strict=True):
            canvas[y : y + tile[1], x : x + tile[0]] = frame.planes[0]
            job.advance()
    return VideoFrame([canvas], "rgb24", *size, SRGB)
