"""The mix: clips summed block by block, in the plan's order, exact to the sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from kadr_sdk.frames import AudioBlock
from kadr_sdk.plan import AudioClip, AudioPlan
from kadr_sdk.times import sample_at
from numpy.typing import NDArray

from kadr_pyav.audio_reader import SoundFile
from kadr_pyav.damage import Damage
from kadr_pyav.envelope import balance, product
from kadr_pyav.sound import Chain, Samples, Stream, channels_of
from kadr_pyav.stretch import TAIL, at_speed

if TYPE_CHECKING:
    from kadr_sdk.backend import RenderContext

__all__ = ["mix"]

_PIECE = 4096
_MAX_OPEN = 48  # files open at once; more clips at the same moment take turns


def mix(plan: AudioPlan, context: RenderContext) -> Iterator[AudioBlock]:
    """The mix as blocks of half a second, together exactly ``plan.count`` samples.

    Clips are read as float32 and summed in float64 in the order of the plan. Nothing is
    limited: values beyond 1 stay.

    Raises:
        MediaFileError: sound that cannot be read or decoded.
    """
    step = max(1, plan.rate // 2)
    waiting = sorted(range(len(plan.clips)), key=lambda k: (plan.clips[k].start, k), reverse=True)
    voices: dict[int, _Voice] = {}
    try:
        for first in range(0, plan.count, step):
            context.check()
            count = min(step, plan.count - first)
            while waiting and plan.clips[waiting[-1]].start < first + count:
                number = waiting.pop()
                voices[number] = _Voice(plan.clips[number], plan, context.warn)
            yield AudioBlock(_block(voices, first, count, plan), plan.rate, first, plan.layout)
            context.advance(count)
    finally:
        for voice in voices.values():
            voice.close()


def _block(voices: dict[int, _Voice], first: int, count: int, plan: AudioPlan) -> Samples:
    """The sum of what sounds; finished voices leave."""
    total = np.zeros((channels_of(plan.layout), count), np.float64)
    for place, number in enumerate(sorted(voices)):
        voice = voices[number]
        voice.add(total, first)
        if voice.clip.start + voice.clip.count <= first + count:
            voices.pop(number).close()
        elif place >= _MAX_OPEN:
            voice.close()
    return total.astype(np.float32)


class _Voice:
    """A clip while it sounds; opened on the first read, and again after :meth:`close`."""

    def __init__(self, clip: AudioClip, plan: AudioPlan, warn: Callable[[str, str, str], None]) -> None:
        self.clip, self._plan = clip, plan
        self._channels = channels_of(plan.layout)
        damage = Damage(clip.path, clip.damage, warn)
        self._file = SoundFile(clip.path, clip.stream, plan.rate, plan.layout, damage)
        self._stream: Stream | None = None

    def add(self, total: NDArray[np.float64], first: int) -> None:
        """Add what falls into a block that begins at sample ``first`` of the mix."""
        begin = max(first, self.clip.start)
        end = min(first + total.shape[1], self.clip.start + self.clip.count)
        if begin >= end:
            return
        own, count = begin - self.clip.start, end - begin
        if self._stream is None:
            self._stream = self._open(own)
        samples = self._stream.read(count)
        total[:, begin - first : end - first] += self._shaped(samples, own, count)

    def _shaped(self, samples: Samples, own: int, count: int) -> NDArray[np.float64]:
        shaped = samples.astype(np.float64)
        gain = product(self.clip.gains, own, count)
        if gain is not None:
            shaped *= gain
        sides = balance(self.clip.pan, self._plan.layout, own, count)
        if sides is not None:
            shaped *= sides
        return shaped

    def _open(self, own: int) -> Stream:
        """A stream that stands at a sample of the clip."""
        clip, rate = self.clip, self._plan.rate
        if clip.filters:
            return self._open_filtered(own + clip.lead)
        at = sample_at(clip.source_start, rate)
        if clip.speed == 1:
            pieces = self._pieces(at - own if clip.reversed else at + own, clip.count - own)
            return Stream(pieces, self._channels)
        length = math.ceil((clip.count + TAIL * rate) * clip.speed)
        pieces = at_speed(self._pieces(at, length), clip.speed, clip.keep_pitch, rate, self._plan.layout)
        stream = Stream(pieces, self._channels)
        while own > 0:
            own -= stream.read(min(own, rate)).shape[1]
        return stream

    def _open_filtered(self, before: int) -> Stream:
        """Filters have a memory: they are always fed from the beginning of the clip."""
        clip, rate = self.clip, self._plan.rate
        at, total = sample_at(clip.source_start, rate), clip.lead + clip.count
        length = total if clip.speed == 1 else math.ceil((total + TAIL * rate) * clip.speed)
        pieces = at_speed(self._pieces(at, length), clip.speed, clip.keep_pitch, rate, self._plan.layout)
        pieces = _exactly(Stream(pieces, self._channels), total)
        chain = Chain([(s.name, dict(s.options)) for s in clip.filters], rate, self._plan.layout)
        stream = Stream(chain.run(pieces), self._channels)
        while before > 0:
            before -= stream.read(min(before, rate)).shape[1]
        return stream

    def _pieces(self, at: int, count: int) -> Iterator[Samples]:
        return self._file.backwards(at, count) if self.clip.reversed else self._file.forwards(at)

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def _exactly(stream: Stream, count: int) -> Iterator[Samples]:
    """So many samples from a stream, silence after its end, in pieces of fixed size."""
    try:
        for done in range(0, count, _PIECE):
            yield stream.read(min(_PIECE, count - done))
    finally:
        stream.close()
