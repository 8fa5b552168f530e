"""The analysis of a file: its pictures in parallel pieces, its sound in one run, once for each content."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from kadr_sdk.errors import MediaFileError
from kadr_sdk.media import FrameIndex, VideoStream

from kadr_scanner.hearing import Levels, blocks_of, sound_plan
from kadr_scanner.measures import Measures
from kadr_scanner.nodes import fitted, picture_node
from kadr_scanner.products import Source, made, product_key, reserve
from kadr_scanner.watching import black, frozen, scene_changes, scores
from kadr_scanner.work import Job, frames_of, in_parallel

if TYPE_CHECKING:
    from pathlib import Path

    from kadr_scanner.library import Library

__all__ = ["Thresholds", "analyze", "scene_times"]

_SMALL = (320, 320)
_PIECE = 240  # pictures, at least


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What counts as what.

    Attributes:
        scene: change of the picture at a cut, 0..1.
        black, frozen, silence: seconds that a stretch lasts at least.
        level: dB of full scale below which sound is silent.
    """

    scene: float = 0.06
    black: float = 0.5
    frozen: float = 1.0
    silence: float = 0.5
    level: float = -50.0


def analyze(
    library: Library, source: Source, thresholds: Thresholds | None = None, job: Job | None = None
) -> dict[str, Any]:
    """Scenes, black, frozen and silent stretches, loudness and scores, JSON-ready.

    Times are seconds since the file's first picture (of sound: its first sample).

    Raises:
        MediaFileError: the file has neither pictures nor sound, or is damaged beyond reading.
    """
    chosen = thresholds or Thresholds()
    job = job or library.job("analyze", source.path)

    def make(path: Path) -> None:
        found: dict[str, Any] = {}
        if source.info.main_video is not None:
            found |= _pictures(library, source, chosen, job)
        if source.info.main_audio is not None:
            found |= _sound(library, source, chosen, job)
        path.write_text(json.dumps(found), "ascii")

    key = product_key(library, source.digest, asdict(chosen))
    data: dict[str, Any] = made(
        library, "analysis", key, job, make, lambda path: json.loads(path.read_text("ascii"))
    )
    return data


def scene_times(library: Library, source: Source, threshold: float, job: Job) -> list[Fraction]:
    """Times in the stream of the first picture of every scene."""
    index = library.backend.index(source.path, source.film.index)
    found = analyze(library, source, Thresholds(scene=threshold), job)
    numbers = [0, *(row["frame"] for row in found["scenes"])]
    return [index.pts[n] * index.time_base for n in numbers]


def _pictures(library: Library, source: Source, chosen: Thresholds, job: Job) -> dict[str, Any]:
    video = source.video
    size = fitted(video, _SMALL)
    if video.still:
        measures = _measured(library, source, video, [video.start], size, job)
        told = scores(measures)
        return {"scores": {n: told[n] for n in ("luma", "dark", "light", "sharpness", "exposure")}}
    index = library.backend.index(source.path, video.index)
    work = Job(library.publish, "analyze", str(source.path), len(index.pts), job)
    tasks = [_piece(library, source, video, index, a, b, size, work) for a, b in _pieces(index)]
    measures = Measures()
    for part in in_parallel(library.scheduler, work, tasks):
        measures.extend(part)
    ends = [t * index.time_base - index.start for t in (*index.pts, index.end)]
    times = np.array([float(t) for t in ends])
    cuts = scene_changes(measures.array("change"), chosen.scene)
    return {
        "frames": len(index.pts),
        "scenes": [{"frame": n, "at": round(float(times[n]), 6)} for n in cuts],
        "black": [s.as_dict() for s in black(measures, times, chosen.black)],
        "frozen": [s.as_dict() for s in frozen(measures, times, chosen.frozen)],
        "scores": scores(measures),
    }


def _pieces(index: FrameIndex) -> list[tuple[int, int]]:
    """Ranges of pictures that begin where decoding can begin, long enough to be worth a seek."""
    cuts = [0]
    for key in index.keys:
        if key - cuts[-1] >= _PIECE:
            cuts.append(key)
    return list(zip(cuts, [*cuts[1:], len(index.pts)], strict=True))


def _piece(
    library: Library,
    source: Source,
    video: VideoStream,
    index: FrameIndex,
    first: int,
    end: int,
    size: tuple[int, int],
    job: Job,
) -> Callable[[], Measures]:
    """Work that measures pictures ``first .. end - 1``, with the one before for the change."""
    times = [t * index.time_base for t in index.pts[max(0, first - 1) : end]]

    def work() -> Measures:
        measures = _measured(library, source, video, times, size, job)
        return measures.without_first() if first else measures

    return work


def _measured(
    library: Library,
    source: Source,
    video: VideoStream,
    times: Sequence[Fraction],
    size: tuple[int, int],
    job: Job,
) -> Measures:
    measures = Measures()
    node = picture_node(source.path, video, times, size, "yuv420p")
    with reserve(library, video, job), closing(frames_of(library.backend, node, job)) as frames:
        for frame in frames:
            measures.add(frame)
            job.advance()
    return measures


def _sound(library: Library, source: Source, chosen: Thresholds, job: Job) -> dict[str, Any]:
    try:
        plan = sound_plan(source)
    except MediaFileError:
        return {}  # nobody knows how long it is
    work = Job(library.publish, "analyze sound", str(source.path), plan.count, job)
    levels = Levels(plan.rate)
    loudness = library.backend.loudness(levels.seen(blocks_of(library, plan, work)))
    silent = levels.silence(chosen.level, chosen.silence)
    return {"silence": [s.as_dict() for s in silent], "levels": levels.peak(), "loudness": dict(loudness)}
