"""A mix in blocks: stretches of what is summed, each a mix of its own with a content hash.

Blocks hold the clips of one bus (or those of none) before anything is done to the bus or the
whole, so that what remembers (a compressor on a track, the loudness of the film) never stands
between two of them. They are cut at the edges of clips and, within long ones, on a grid in the
clip's own time; never where a clip is heard that has to be made from its beginning, and there
are none where nothing sounds. So a changed clip changes the blocks that it is heard in, and a
clip put in front none.

A mix of several blocks is always the sum of its blocks, whether any of them is kept or not.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from kadr_sdk.plan import AudioClip, AudioPlan, Ramp

from kadr_kernel.render.segments import CutRule, Stretch, cut_points

__all__ = ["BLOCK_RULE", "KIND", "SoundBlock", "assembled", "sound_blocks"]

KIND = "pcm"
"""Of blocks in the cache."""

BLOCK_RULE = 1
"""Number of the rule by which mixes are cut; raised where the same mix would be cut elsewhere."""

_LENGTHS = CutRule(Fraction(10), Fraction(10), Fraction(60), Fraction(20), Fraction(60))


@dataclass(frozen=True, slots=True)
class SoundBlock:
    """A stretch of the mix.

    Attributes:
        start: sample of the mix. bus: that its clips belong to.
        plan: of its clips alone, counted from its start.
    """

    start: int
    bus: int | None
    plan: AudioPlan


def sound_blocks(audio: AudioPlan) -> tuple[SoundBlock, ...]:
    """The blocks of a mix in order of bus and time; none where it is one piece."""
    found: list[SoundBlock] = []
    for bus in (None, *range(len(audio.buses))):
        clips = sorted((c for c in audio.clips if c.bus == bus), key=lambda c: c.start)
        for start, end, inside in _cut(clips, audio.rate):
            own = tuple(_within(clip, start, end, audio.rate) for clip in inside)
            plan = AudioPlan(
                audio.rate, audio.layout, audio.channels, end - start, own, pan_law=audio.pan_law
            )
            found.append(SoundBlock(start, bus, replace(plan, exact=audio.exact)))
    return tuple(found) if len(found) > 1 else ()


def assembled(audio: AudioPlan, blocks: Sequence[SoundBlock], paths: Sequence[str]) -> AudioPlan:
    """The mix as the sum of its blocks.

    Args:
        paths: of the part of each block; empty: it is mixed when it is its turn.
    """
    clips = tuple(
        AudioClip(path, 0, block.start, block.plan.count, Fraction(0), bus=block.bus, mix=block.plan)
        for block, path in zip(blocks, paths, strict=True)
    )
    return replace(audio, clips=clips, pan_law=0.0)  # the clips of the blocks have been panned


def _cut(clips: Sequence[AudioClip], rate: int) -> Iterator[tuple[int, int, list[AudioClip]]]:
    """Start, end and clips of each block."""
    for stretches in _islands(_stretches(clips)):
        cuts = cut_points([stretch for stretch, _ in stretches], Fraction(rate), _LENGTHS)
        at = 0
        for start, end in pairwise([*cuts, stretches[-1][0].end]):
            inside: dict[int, AudioClip] = {}
            while stretches[at][0].end <= start:
                at += 1
            for stretch, heard in stretches[at:]:
                if stretch.start >= end:
                    break
                inside |= {id(clip): clip for clip in heard}
            yield start, end, sorted(inside.values(), key=lambda clip: clip.start)


_Heard = tuple[Stretch, list[AudioClip]]


def _stretches(clips: Sequence[AudioClip]) -> Iterator[_Heard]:
    """Between two edges of clips: what is heard there."""
    edges = sorted({edge for c in clips for edge in (c.start, c.start + c.count)})
    waiting, heard = list(reversed(clips)), list[AudioClip]()
    for start, end in pairwise(edges):
        heard = [c for c in heard if c.start + c.count > start]
        while waiting and waiting[-1].start <= start:
            heard.append(waiting.pop())
        whole = [c for c in heard if _remembers(c)]
        yield (
            Stretch(
                start,
                end,
                heard[0].start if heard else start,
                _identity(heard),
                whole=bool(whole),
                joined=any(c.start < start for c in whole),
            ),
            list(heard),
        )


def _islands(stretches: Iterable[_Heard]) -> Iterator[list[_Heard]]:
    """Runs in which something is heard."""
    run: list[_Heard] = []
    for stretch in stretches:
        if stretch[1]:
            run.append(stretch)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _remembers(clip: AudioClip) -> bool:
    """True for sound that has to be made from the clip's beginning."""
    return bool(clip.stages or clip.generator or clip.mix or clip.warp or clip.speed != 1)


def _identity(heard: Sequence[AudioClip]) -> int:
    """What is heard, without its place in the mix."""
    text = "|".join(f"{c.stream} {c.count} {c.source_start} {c.lead}" for c in heard)
    return zlib.crc32(text.encode())


def _within(clip: AudioClip, start: int, end: int, rate: int) -> AudioClip:
    """The part of a clip that is heard in a block, by the block's own samples."""
    first, last = max(start, clip.start), min(end, clip.start + clip.count)
    skip, count = first - clip.start, last - first
    moved = Fraction(skip, rate)
    gains = (_cropped(envelope, skip, count, 1.0) for envelope in clip.gains)
    return replace(
        clip,
        start=first - start,
        count=count,
        source_start=clip.source_start - moved if clip.reversed else clip.source_start + moved,
        gains=tuple(envelope for envelope in gains if envelope),
        pan=_cropped(clip.pan, skip, count, 0.0),
        bus=None,
    )


def _cropped(ramps: tuple[Ramp, ...], skip: int, count: int, rest: float) -> tuple[Ramp, ...]:
    """An envelope as far as it shapes some samples; empty where it rests."""
    value = ramps[0].a if ramps else rest
    found: list[Ramp] = []
    for ramp in ramps:
        begin, end = ramp.start - skip, ramp.stop - skip
        if end <= 0:
            value = ramp.b
        elif begin < count:
            if not found and begin > 0:
                found.append(Ramp(0, begin, value, value))
            flat = ramp.a == ramp.b
            found.append(
                replace(ramp, start=max(0, begin) if flat else begin, stop=min(count, end) if flat else end)
            )
    found = found or [Ramp(0, count, value, value)]
    return () if all(r.a == r.b == rest for r in found) else tuple(found)
