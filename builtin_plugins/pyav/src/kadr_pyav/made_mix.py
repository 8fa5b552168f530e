"""Stretches of a mix kept as samples: float32 in a part, and read back into a mix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from kadr_sdk.errors import BackendError
from kadr_sdk.parts import Packet, PartReader, PartWriter
from kadr_sdk.plan import AudioPlan

from kadr_pyav.inner_mix import SoundMix
from kadr_pyav.sound import Samples, channels_of

if TYPE_CHECKING:
    from kadr_sdk.frames import AudioBlock

__all__ = ["MadeMix", "write_block"]

_CODEC, _SAMPLE = "pcm_f32le", np.dtype("<f4")


def write_block(blocks: Iterable[AudioBlock], plan: AudioPlan, sink: PartWriter) -> str:
    """The blocks of a mix as packets, channel after channel; the digest of the part."""
    for block in blocks:
        data = np.ascontiguousarray(block.samples, _SAMPLE).tobytes()
        sink.write(Packet(data, block.first, block.samples.shape[1], True))
    header = {"codec": _CODEC, "rate": plan.rate, "layout": plan.layout, "samples": plan.count}
    return sink.finish(header)


def _read(path: Path, plan: AudioPlan) -> Iterator[Samples]:
    """The samples of a part that :func:`write_block` has written.

    Raises:
        BackendError: it holds something else.
        StorageError: it is damaged.
    """
    channels = channels_of(plan.layout)
    with PartReader(path) as part:
        found = tuple(part.header.get(name) for name in ("codec", "rate", "layout", "samples"))
        if found != (_CODEC, plan.rate, plan.layout, plan.count):
            raise BackendError(f"{path.name} is not the sound of this mix: {found}")
        for packet in part:
            samples = np.frombuffer(packet.data, _SAMPLE).reshape(channels, packet.duration)
            yield samples.astype(np.float32, copy=False)


class MadeMix(SoundMix):
    """A mix within a mix that is read from its part."""

    def __init__(self, plan: AudioPlan, path: Path) -> None:
        super().__init__(plan, lambda made: _read(path, made))
