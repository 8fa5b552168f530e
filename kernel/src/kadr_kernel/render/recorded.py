"""What was noted of pictures and sound on their way to the encoder: kept in the header of each part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from kadr_sdk.errors import StorageError
from kadr_sdk.parts import PartReader
from kadr_sdk.plan import Decode, RenderPlan, Segment, walk
from kadr_sdk.reports import Expectation, Stretch
from kadr_sdk.services import Cache

from kadr_kernel.render.needs import expectation

__all__ = ["Facts", "expected", "facts_in", "stretches"]

Facts = dict[str, Any]
"""Of a part; empty where there are none."""

_FIELDS, _HUES = 16, 2  # bytes a picture
_BLACK = 17.5  # mean of 8 bit: nothing but black in limited range
_SECONDS = {"black": 0.5, "frozen": 2.0}


def expected(plan: RenderPlan, videos: Iterable[Facts], sound: Facts) -> Expectation:
    """What the finished file must be, with all that was noted.

    Args:
        videos: of the segments in order, or one of the whole film.
    """
    found = expectation(plan)
    if plan.segments:
        # One session over the whole film begins its groups where the encoder likes.
        seams = (0,) if plan.film else tuple(s.start for s in plan.segments)
        counts = [plan.frames] if plan.film else [s.count for s in plan.segments]
        pictures: list[bytes] = []
        hues: list[bytes] = []
        for count, facts in zip(counts, videos, strict=True):
            pictures += _rows(facts.get("fields", ""), count, _FIELDS)
            hues += _rows(facts.get("hues", ""), count, _HUES)
        found = replace(found, seams=seams, pictures=tuple(pictures), hues=tuple(hues))
    levels, channels = (bytes.fromhex(sound.get(name, "")) for name in ("levels", "channels"))
    loudness = sound.get("loudness", {}).get("integrated")
    return replace(found, levels=levels, channel_levels=channels, noted_loudness=loudness)


def facts_in(cache: Cache, plan: RenderPlan) -> tuple[Iterator[Facts], Facts]:
    """Of the parts that the cache still has: of the pictures, one part at a time, and of the sound."""
    keys = [("film", plan.film)] if plan.film else [("segment", s.hash) for s in plan.segments]
    sound = _facts(cache.get("audio", plan.audio.hash)) if plan.audio is not None else {}
    return (_facts(cache.get(kind, key)) for kind, key in keys), sound


def _facts(path: Path | None) -> Facts:
    if path is not None:
        with suppress(StorageError):
            return PartReader(path).facts
    return {}


def _rows(noted: str, count: int, size: int) -> list[bytes]:
    data = bytes.fromhex(noted)
    if len(data) != count * size:
        return [b""] * count  # copied, or made before this was noted
    return [data[k * size : (k + 1) * size] for k in range(count)]


def stretches(plan: RenderPlan, videos: Iterable[Facts]) -> tuple[Stretch, ...]:
    """Black and frozen stretches that went to the encoder although the timeline moves there.

    A gap, a generator, a still and a held frame explain themselves; a source that is black or
    stands still does not, and may be meant all the same.
    """
    if plan.film or plan.output.video is None:
        return ()
    rate, found = plan.output.video.rate, []
    marks = [m for s, f in zip(plan.segments, videos, strict=True) for m in _marks(s, f)]
    for kind, least in _SECONDS.items():
        for flag, group in groupby(range(len(marks)), key=lambda n, k=kind: marks[n] == k):  # type: ignore[misc]  # bound now
            run = list(group)
            if flag and len(run) >= least * rate:
                found.append(Stretch(kind, run[0], run[-1] + 1))
    return tuple(sorted(found, key=lambda s: s.first))


def _marks(segment: Segment, facts: Facts) -> Iterator[str]:
    luma, crc = facts.get("luma", []), facts.get("crc", [])
    if not len(luma) == len(crc) == segment.count:
        yield from [""] * segment.count
        return
    at = 0
    for span in segment.spans:
        moves = any(isinstance(n, Decode) and _moves(n) for n in walk(span.root))
        for k in range(at, at + span.count):
            same = k > 0 and crc[k] == crc[k - 1]
            yield "" if not moves else "black" if luma[k] <= _BLACK else "frozen" if same else ""
        at += span.count


def _moves(node: Decode) -> bool:
    return not node.source.still and (node.times.step != 0 or len(set(node.times.listed)) > 1)
