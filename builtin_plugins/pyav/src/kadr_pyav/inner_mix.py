"""The sound of a sequence as a source: a mix that is read as a file is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from kadr_sdk.plan import AudioClip, AudioPlan

from kadr_pyav.sound import Samples, Stream, channels_of

__all__ = ["SoundMix", "at_once"]

_BACKWARD_SAMPLES = 1 << 23  # of all channels together that are held to be turned around: 32 MiB


@dataclass(frozen=True, slots=True)
class SoundMix:
    """A mix within a mix. Positions are samples from the first that it delivers.

    It is made from its beginning whenever it is opened: what remembers, sounds as in one go.

    Attributes:
        run: begins it anew; every run gives the same samples.
    """

    plan: AudioPlan
    run: Callable[[AudioPlan], Iterator[Samples]]

    @property
    def rate(self) -> int:
        """Samples a second."""
        return self.plan.rate

    @property
    def layout(self) -> str:
        """FFmpeg's name."""
        return self.plan.layout

    def forwards(self, start: int) -> Iterator[Samples]:
        """Pieces from a position to the end; silence before its beginning."""
        pieces = self.run(self.plan)
        if start < 0:
            yield np.zeros((channels_of(self.layout), -start), np.float32)
        skip = max(0, start)
        for piece in pieces:
            if piece.shape[1] > skip:
                yield piece[:, skip:] if skip else piece
            skip = max(0, skip - piece.shape[1])

    def backwards(self, end: int, count: int) -> Iterator[Samples]:
        """``count`` samples that end before a position, last sample first."""
        step = max(1, _BACKWARD_SAMPLES // channels_of(self.layout))
        for done in range(0, count, step):
            take = min(step, count - done)
            stream = Stream(self.forwards(end - done - take), channels_of(self.layout))
            try:
                yield np.ascontiguousarray(stream.read(take)[:, ::-1])
            finally:
                stream.close()


def at_once(clips: Sequence[AudioClip]) -> int:
    """The most mixes within a mix that sound at the same time."""
    edges = [edge for c in clips if c.mix for edge in ((c.start, 1), (c.start + c.count, -1))]
    most = now = 0
    for _, step in sorted(edges):
        now += step
        most = max(most, now)
    return most
