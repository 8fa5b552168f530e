"""A clip while it sounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from kadr_sdk.plan import AudioClip, AudioPlan
from kadr_sdk.times import sample_at
from numpy.typing import NDArray

from kadr_pyav.audio_reader import OpenSound, SoundFile, SoundSource
from kadr_pyav.damage import Damage
from kadr_pyav.envelope import balance, product
from kadr_pyav.inner_mix import SoundMix
from kadr_pyav.made_mix import MadeMix
from kadr_pyav.sound import Samples, Stream, channels_of
from kadr_pyav.sound_call import SoundStage
from kadr_pyav.sound_stages import endless, exactly, staged
from kadr_pyav.stretch import TAIL, at_speed
from kadr_pyav.warped import warped

if TYPE_CHECKING:
    from kadr_sdk.backend import RenderContext

__all__ = ["Voice"]


class Voice:
    """A clip while it sounds; opened on the first read, and again after :meth:`close`.

    Args:
        inner: makes the mix that a clip plays in the place of a file.
    """

    def __init__(
        self,
        clip: AudioClip,
        plan: AudioPlan,
        context: RenderContext,
        sounds: OpenSound,
        inner: Callable[[AudioPlan], Iterator[Samples]],
    ) -> None:
        self.clip, self._plan, self._context = clip, plan, context
        self._channels = channels_of(plan.layout)
        self._source: SoundSource
        if clip.mix is not None and clip.path:
            self._source = MadeMix(clip.mix, Path(clip.path))
        elif clip.mix is not None:
            self._source = SoundMix(clip.mix, inner)
        else:
            damage = Damage(clip.path, clip.damage, context.warn)
            self._source = SoundFile(clip.path, clip.stream, plan.rate, plan.layout, damage, sounds)
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
        sides = balance(self.clip.pan, self._plan.layout, own, count, self._plan.pan_law)
        if sides is not None:
            shaped *= sides
        return shaped

    def _open(self, own: int) -> Stream:
        """A stream that stands at a sample of the clip."""
        clip, rate = self.clip, self._plan.rate
        at = sample_at(clip.source_start, rate)
        if clip.speed == 1 and not clip.stages and clip.warp is None and clip.generator is None:
            pieces = self._pieces(at - own if clip.reversed else at + own, clip.count - own)
            return Stream(pieces, self._channels)
        # Stages and stretching have a memory: they are always fed from the beginning of the clip.
        total = clip.fed or clip.lead + clip.count
        pieces = exactly(self._sped(at, total), total, self._channels)
        if clip.fed:
            pieces = endless(pieces, self._channels)
        pieces = staged(pieces, clip.stages, self._plan, self._context)
        stream = Stream(pieces, self._channels)
        stream.skip(own + clip.lead, rate)
        return stream

    def _sped(self, at: int, total: int) -> Iterator[Samples]:
        """From the first sample that is read, at the clip's speed."""
        clip, rate, layout = self.clip, self._plan.rate, self._plan.layout
        if clip.generator is not None:
            return SoundStage(clip.generator, self._plan, self._context).run(None)
        if clip.warp is not None:
            return warped(self._source, clip, total)
        length = total if clip.speed == 1 else math.ceil((total + TAIL * rate) * clip.speed)
        return at_speed(self._pieces(at, length), clip.speed, clip.keep_pitch, rate, layout)

    def _pieces(self, at: int, count: int) -> Iterator[Samples]:
        return self._source.backwards(at, count) if self.clip.reversed else self._source.forwards(at)

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
