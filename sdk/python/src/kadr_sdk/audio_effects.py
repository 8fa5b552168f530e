"""Effects on sound that work on samples: what one is asked for, and what it must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from kadr_sdk.frames import AudioBlock

__all__ = ["SOUND_BLOCK", "AudioCall", "AudioEffect"]

SOUND_BLOCK = 1024
"""Samples of a block. Block ``k`` begins at sample ``k * SOUND_BLOCK`` of its clip, whatever part of
the clip is rendered, and behind the clip's end comes silence: an effect sounds the same in every render."""


@dataclass(frozen=True, slots=True)
class AudioCall:
    """One block of sound that is to be made.

    Attributes:
        inputs: one block per declared input, each of ``count`` samples; none for a generator.
            Inputs are never written to.
        values: parameters by name at the block's first sample.
        first: number of the first sample since the start of the clip.
        count: samples a channel. rate: samples a second.
        layout: FFmpeg's name of the channel layout. channels: how many it has.
        total: samples of the clip.
        seed: hash of the effect instance; the only source of randomness.
    """

    inputs: Sequence[AudioBlock]
    values: Mapping[str, Any]
    first: int
    count: int
    rate: int
    layout: str
    channels: int
    total: int
    seed: int


@runtime_checkable
class AudioEffect(Protocol):
    """An effect on sound over planar float32, or a generator of sound.

    For every clip the host copies the object (shallowly), resets it and asks for block after block in
    order. Latency and tail stand in the declaration: the host asks for so many samples more, drops
    the first ones, and lets the clip ring on.
    """

    def process(self, call: AudioCall) -> AudioBlock:
        """The sound of a block: ``call.count`` samples of ``call.channels`` channels."""
        ...

    def reset(self) -> None:
        """Forget everything heard so far."""
        ...
