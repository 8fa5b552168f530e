"""Pictures of a film as files: at an interval, at cuts, at key frames, at subtitles."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import InvalidParameterError, InvalidPathError, MediaFileError
from kadr_sdk.files import write_whole
from kadr_sdk.media import FrameIndex

from kadr_scanner.nodes import fitted, picture_node
from kadr_scanner.products import Source, reserve
from kadr_scanner.work import Job, frames_of

if TYPE_CHECKING:
    from kadr_scanner.library import Library

__all__ = ["Picture", "at_interval", "at_keys", "at_subtitles", "extract"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a film: its number, seconds since the film's first, and its file."""

    frame: int
    at: Fraction
    path: Path

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"frame": self.frame, "at": round(float(self.at), 6), "path": str(self.path)}


def at_interval(index: FrameIndex, every: Fraction) -> list[Fraction]:
    """Times in the stream, from its first picture on.

    Raises:
        InvalidParameterError: the interval is not positive.
    """
    if every <= 0:
        raise InvalidParameterError("the interval must be longer than 0", path="every", hint="write 1 or 0.5")
    count = -(-index.duration // every)
    return [index.start + n * every for n in range(count)]


def at_keys(index: FrameIndex) -> list[Fraction]:
    """Times in the stream of the pictures that decoding can begin with."""
    return [index.pts[n] * index.time_base for n in index.keys]


def at_subtitles(library: Library, source: Source, index: FrameIndex, file: Path | None) -> list[Fraction]:
    """Times in the stream of the middle of every subtitle: of a file, or of the film's first stream.

    Raises:
        MediaFileError: there are none.
    """
    if file is not None:
        shift, cues = index.start, library.backend.cues(file, 0)
    else:
        stream = next((s.index for s in source.info.other if s.kind == "subtitle"), None)
        if stream is None:
            hint = "name a file of subtitles: --subtitle-file film.srt"
            raise MediaFileError("there are no subtitles in this file", path=source.path, hint=hint)
        shift, cues = Fraction(0), library.backend.cues(source.path, stream)
    end = index.end * index.time_base
    middles = (shift + (cue.start + cue.end) / 2 for cue in cues)
    return [t for t in middles if index.start <= t < end]


def extract(
    library: Library,
    source: Source,
    moments: Iterable[Fraction],
    folder: Path,
    *,
    kind: str = "jpeg",
    size: tuple[int, int] | None = None,
    limit: int = 10_000,
    overwrite: bool = False,
    job: Job | None = None,
) -> list[Picture]:
    """Write the pictures on screen at times of the stream, each once, as ``NAME-NUMBER.jpg``.

    Raises:
        InvalidParameterError: more than ``limit``.
        InvalidPathError: one of the files exists.
        StorageError: the disk is full, or the folder refuses.
    """
    video = source.film
    index = library.backend.index(source.path, video.index)
    numbers = sorted({_number(index, moment) for moment in moments})
    if len(numbers) > limit:
        hint = "take a longer interval, or raise --limit"
        raise InvalidParameterError(f"{len(numbers)} pictures are more than {limit}", path="limit", hint=hint)
    ending = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}[kind]
    found = [_picture(source, index, n, folder, ending) for n in numbers]
    if not overwrite:
        _refuse_existing(found)
    times = [index.pts[n] * index.time_base for n in numbers]
    if not times:
        return []
    alpha = kind != "jpeg" and bool(video.transparent)
    shown = fitted(video, size or video.display_size)
    node = picture_node(source.path, video, times, shown, "rgba" if alpha else "rgb24")
    job = job or library.job("frames", source.path, len(numbers))
    _make_folder(folder)
    with reserve(library, video, job), closing(frames_of(library.backend, node, job)) as frames:
        for picture, frame in zip(found, frames, strict=True):
            write_whole(picture.path, library.backend.image(frame, kind))
            job.advance()
    return found


def _number(index: FrameIndex, moment: Fraction) -> int:
    """Number of the picture on screen, by the rule of :class:`kadr_sdk.plan.Decode`."""
    ticks = (moment / index.time_base + Fraction(1, 2)).__floor__()
    return max(0, bisect_right(index.pts, ticks) - 1)


def _picture(source: Source, index: FrameIndex, number: int, folder: Path, ending: str) -> Picture:
    at = index.pts[number] * index.time_base - index.start
    return Picture(number, at, folder / f"{source.path.stem}-{number:06d}{ending}")


def _refuse_existing(pictures: list[Picture]) -> None:
    for picture in pictures:
        if os.path.lexists(picture.path):
            hint = "choose another folder, or add --overwrite"
            raise InvalidPathError("exists already", path=picture.path, hint=hint)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder cannot be made: {error.strerror}"
        raise InvalidPathError(message, path=folder, hint="choose another") from error
