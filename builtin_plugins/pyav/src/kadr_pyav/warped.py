"""Sound at a speed that varies: resampled, or stretched at the same pitch."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate, pairwise

import numpy as np
from kadr_sdk.plan import AudioClip, Warp
from kadr_sdk.times import sample_at
from numpy.typing import NDArray

from kadr_pyav.audio_reader import SoundSource
from kadr_pyav.sound import Samples, Stream, channels_of
from kadr_pyav.varispeed import resampled
from kadr_pyav.wsola import stretched

__all__ = ["Course", "Source", "warped"]

_MARGIN = 1 << 13  # samples of the source that may be asked for before the first one played
_CHUNK = 1 << 14

Positions = NDArray[np.float64]


class Course:
    """Where in the source each sample of a clip is, in samples of the mix since clip time 0.

    Within a frame the speed goes straight from one value to the next, so that the position is
    a parabola and stands, at every frame, exactly where the picture does.
    """

    def __init__(self, warp: Warp, rate: int, *, backwards: bool) -> None:
        self._warp, self._rate, self._backwards = warp, rate, backwards
        per_frame = rate / warp.rate
        steps = [(a + b) / 2 * per_frame for a, b in pairwise(warp.speeds)]
        self._sums = np.array([float(s) for s in accumulate(steps, initial=Fraction(0))])
        self._speeds = np.array([float(s) for s in warp.speeds])
        self._per_frame = float(per_frame)

    def __call__(self, samples: NDArray[np.int64]) -> Positions:
        """Positions of samples counted from the clip's first."""
        at = float(self._warp.at * self._warp.rate)
        frames = samples / self._per_frame
        # A sample played backwards begins where it would end forwards.
        frames = at - frames - 1 / self._per_frame if self._backwards else at + frames
        whole = np.clip(np.floor(frames), 0, self._speeds.size - 2).astype(np.int64)
        part = frames - whole
        inside = np.clip(part, 0.0, 1.0)
        first, last = self._speeds[whole], self._speeds[whole + 1]
        run = first * inside + (last - first) * inside * inside / 2
        beyond = np.where(part < 0, part * first, np.where(part > 1, (part - 1) * last, 0.0))
        found: Positions = self._sums[whole] + (run + beyond) * self._per_frame
        return found


class Source:
    """Samples of a stream by position, in order: what lies before the one asked for last is dropped."""

    def __init__(self, stream: Stream, channels: int, first: int) -> None:
        self._stream, self._low = stream, first
        self._held = np.zeros((channels, 0))

    def read(self, low: int, high: int) -> NDArray[np.float64]:
        """Samples ``low`` to ``high``, float64; ``low`` never goes back beyond the one before."""
        while self._low + self._held.shape[1] < high:
            piece = self._stream.read(_CHUNK).astype(np.float64)
            keep = max(0, min(low - self._low, self._held.shape[1]))
            self._held = np.concatenate([self._held[:, keep:], piece], axis=1)
            self._low += keep
        return self._held[:, low - self._low : high - self._low]


def warped(file: SoundSource, clip: AudioClip, total: int) -> Iterator[Samples]:
    """The first ``total`` samples of a clip whose speed varies."""
    assert clip.warp is not None
    course = Course(clip.warp, file.rate, backwards=clip.reversed)
    begin = sample_at(clip.source_start, file.rate)
    first = int(np.floor(course(np.array([0]))[0])) + begin
    sign = -1 if clip.reversed else 1

    def positions(samples: NDArray[np.int64]) -> Positions:
        """In the order of playing, 0 the first sample played."""
        return (course(samples) + (begin - first)) * sign

    if clip.reversed:
        length = int(np.ceil(positions(np.array([total]))[0])) + 2 * _MARGIN
        pieces = file.backwards(first + 1 + _MARGIN, length)
    else:
        pieces = file.forwards(first - _MARGIN)
    stream = Stream(pieces, channels_of(file.layout))
    source = Source(stream, channels_of(file.layout), -_MARGIN)
    try:
        yield from (stretched if clip.keep_pitch else resampled)(source, positions, total, file.rate)
    finally:
        stream.close()
