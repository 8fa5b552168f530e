"""The mix: clips, buses and the master summed block by block, in the plan's order, exact to the sample."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import tee
from typing import TYPE_CHECKING

import numpy as np
from kadr_sdk.frames import AudioBlock
from kadr_sdk.plan import AudioPlan
from numpy.typing import NDArray

from kadr_pyav.audio_decode import AudioDecoder
from kadr_pyav.audio_reader import OpenSound
from kadr_pyav.duck import Gains, duck_gains
from kadr_pyav.envelope import product
from kadr_pyav.inner_mix import at_once
from kadr_pyav.normalize import normalized
from kadr_pyav.sound import Samples, Stream, channels_of
from kadr_pyav.sound_stages import exactly, staged
from kadr_pyav.voice import Voice

if TYPE_CHECKING:
    from kadr_sdk.backend import RenderContext

__all__ = ["mix"]

_MAX_OPEN = 48  # files open at once; more clips at the same moment take turns


def mix(plan: AudioPlan, context: RenderContext, sounds: OpenSound = AudioDecoder) -> Iterator[AudioBlock]:
    """The mix as blocks of half a second, together exactly ``plan.count`` samples.

    Clips are read as float32 and summed in float64 in the order of the plan. Without a
    loudness to keep nothing is limited: values beyond 1 stay.

    Args:
        sounds: opens a stream of sound.

    Raises:
        MediaFileError: sound that cannot be read or decoded.
    """
    first = 0
    blocks = _mixed(plan, context, sounds)
    if plan.loudness is not None:
        blocks = normalized(plan, lambda: _mixed(plan, context, sounds), context.warn)
    for samples in blocks:
        yield AudioBlock(samples, plan.rate, first, plan.layout)
        context.advance(samples.shape[1])
        first += samples.shape[1]


def _mixed(
    plan: AudioPlan, context: RenderContext, sounds: OpenSound, most: int = _MAX_OPEN
) -> Iterator[Samples]:
    """What is delivered, before its loudness is seen to; ``most``: files open at once."""
    mixer = _Mixer(plan, context, sounds, most)
    step = _step(plan)
    try:
        stream = Stream(mixer.master(), channels_of(plan.layout))
        stream.skip(plan.lead, step)
        for first in range(0, plan.count, step):
            yield stream.read(min(step, plan.count - first))
    finally:
        mixer.close()


def _step(plan: AudioPlan) -> int:
    return max(1, plan.rate // 2)


class _Mixer:
    """Groups of voices, the buses made of them, and the master."""

    def __init__(self, plan: AudioPlan, context: RenderContext, sounds: OpenSound, most: int) -> None:
        self._plan, self._context, self._channels = plan, context, channels_of(plan.layout)
        share = max(1, most // (1 + len(plan.buses)))
        self._groups = {n: _Group(plan, n, context, share, sounds) for n in (None, *range(len(plan.buses)))}
        self._heard: list[Iterator[Samples]] = []
        for number in range(len(plan.buses)):
            self._heard.append(self._bus(number))

    def master(self) -> Iterator[Samples]:
        """The whole, through the master's stages."""
        buses = [Stream(self._take(n), self._channels) for n in range(len(self._plan.buses))]
        pieces = self._summed(buses)
        if not self._plan.stages:
            return pieces
        whole = exactly(pieces, self._plan.total, self._channels)
        return staged(whole, self._plan.stages, self._plan, self._context)

    def _summed(self, buses: list[Stream]) -> Iterator[Samples]:
        for total in self._groups[None].blocks():
            for bus in buses:
                total += bus.read(total.shape[1])
            yield total.astype(np.float32)

    def _take(self, number: int) -> Iterator[Samples]:
        """A bus once more, for another listener."""
        self._heard[number], copy = tee(self._heard[number])
        return copy

    def _bus(self, number: int) -> Iterator[Samples]:
        """The sum of a track, through its stages, its gains and its ducking."""
        plan, bus = self._plan, self._plan.buses[number]
        sums = (total.astype(np.float32) for total in self._groups[number].blocks())
        pieces = staged(exactly(sums, plan.total, self._channels), bus.stages, plan, self._context)
        keys = [Stream(self._take(n), self._channels) for n in (bus.duck.keys if bus.duck else ())]
        ducked = duck_gains(bus.duck, keys, plan.rate, plan.total) if bus.duck else None
        return self._faded(Stream(pieces, self._channels), number, ducked)

    def _faded(self, stream: Stream, number: int, ducked: Gains | None) -> Iterator[Samples]:
        plan, bus = self._plan, self._plan.buses[number]
        for first in range(0, plan.total, _step(plan)):
            count = min(_step(plan), plan.total - first)
            samples = stream.read(count)
            gain = product(bus.gains, first, count)
            if ducked is not None:
                turned = ducked.read(count)
                gain = turned if gain is None else gain * turned
            yield samples if gain is None else (samples * gain).astype(np.float32)

    def close(self) -> None:
        """Close all files."""
        for group in self._groups.values():
            group.close()


class _Group:
    """The voices of a bus, or those that belong to none."""

    def __init__(
        self, plan: AudioPlan, bus: int | None, context: RenderContext, most: int, sounds: OpenSound
    ) -> None:
        self._sounds = sounds
        self._plan, self._context, self._most = plan, context, most
        numbers = [k for k, clip in enumerate(plan.clips) if clip.bus == bus]
        own = [plan.clips[k] for k in numbers]
        mixes, files = at_once(own), any(clip.mix is None for clip in own)
        self._within = max(1, (most // 2 if files else most) // max(1, mixes))  # files of a mix within
        self._waiting = sorted(numbers, key=lambda k: (plan.clips[k].start, k), reverse=True)
        self._voices: dict[int, Voice] = {}

    def blocks(self) -> Iterator[NDArray[np.float64]]:
        """The sum, in blocks of half a second over everything that is mixed."""
        plan, waiting = self._plan, self._waiting
        for first in range(0, plan.total, _step(plan)):
            self._context.check()
            count = min(_step(plan), plan.total - first)
            while waiting and plan.clips[waiting[-1]].start < first + count:
                number = waiting.pop()
                self._voices[number] = Voice(
                    plan.clips[number], plan, self._context, self._sounds, self._inner
                )
            yield self._sum(first, count)

    def _inner(self, plan: AudioPlan) -> Iterator[Samples]:
        """The mix that a clip plays in the place of a file."""
        return _mixed(plan, self._context, self._sounds, self._within)

    def _sum(self, first: int, count: int) -> NDArray[np.float64]:
        """What sounds in a block; finished voices leave."""
        total = np.zeros((channels_of(self._plan.layout), count), np.float64)
        held = 0
        for number in sorted(self._voices):
            voice = self._voices[number]
            voice.add(total, first)
            held += self._within if voice.clip.mix else 1
            if voice.clip.start + voice.clip.count <= first + count:
                self._voices.pop(number).close()
            elif held > self._most:
                voice.close()
        return total

    def close(self) -> None:
        """Close its files."""
        for voice in self._voices.values():
            voice.close()
