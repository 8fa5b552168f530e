"""A limiter of true peaks: what swings above a ceiling between the samples is turned down in time.

Sound is oversampled four times (ITU-R BS.1770-4, Annex 2), by libswresample. From the
decibels that each sample is too loud by follows the gain:

1. held down by the release: it rises by at most so many decibels a second;
2. the lowest of what lies within the look-ahead;
3. the mean over the look-ahead, which ends the way down where the peak begins.

So the gain at a peak is never above what that peak needs. Nothing is delayed, and where
nothing is too loud no bit changes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from kadr_pyav.sound import Samples, channels_of, resampler

__all__ = ["Peaks", "limited"]

_LOOK = 0.005  # seconds
_RELEASE = 60.0  # decibels a second
_MARGIN = 0.05  # decibels below the ceiling, for what oversampling by four does not see
_TIMES = 4

Decibels = NDArray[np.float64]


class Peaks:
    """The greatest amplitude at each sample and up to the next one, of the loudest channel."""

    def __init__(self, layout: str) -> None:
        self._chain = resampler(1, _TIMES, layout)
        self._between: NDArray[np.float32] = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> NDArray[np.float32]:
        """As many as are settled once these samples have gone in."""
        return self._grouped(self._chain.push(samples))

    def flush(self) -> NDArray[np.float32]:
        """The last ones."""
        return self._grouped(self._chain.flush())

    def _grouped(self, pieces: Iterator[Samples]) -> NDArray[np.float32]:
        held = np.concatenate([self._between, *(_loudest(p) for p in pieces)])
        whole = held.size // _TIMES * _TIMES
        self._between = held[whole:]
        return _greatest(held[phase:whole:_TIMES] for phase in range(_TIMES))


def _loudest(samples: Samples) -> NDArray[np.float32]:
    return _greatest(np.abs(channel) for channel in samples)


def _greatest(rows: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Value by value; much faster than a maximum over a short axis."""
    return functools.reduce(np.maximum, rows)


def limited(
    pieces: Iterator[Samples], gain: float, ceiling: float, rate: int, layout: str
) -> Iterator[Samples]:
    """Pieces times a factor, with true peaks (dBTP) at most at the ceiling; the same length."""
    look = max(1, round(rate * _LOOK))
    limiter = _Limiter(ceiling - _MARGIN, look, _RELEASE / rate)
    peaks = Peaks(layout)
    # Silence is put before the beginning, so that a peak there is seen coming.
    held, seen, early = np.zeros((channels_of(layout), look), np.float32), np.zeros(look, np.float32), look
    for piece in pieces:
        loud = (piece * gain).astype(np.float32)
        held, seen = np.concatenate([held, loud], axis=1), np.concatenate([seen, peaks.push(loud)])
        ready = seen.size - look
        if ready > early:
            yield limiter.run(held, seen, ready)[:, early:]
            held, seen, early = held[:, ready:], seen[ready:], 0
    rest = held.shape[1]
    seen = np.concatenate([seen, peaks.flush(), np.zeros(rest + look, np.float32)])[: rest + look]
    yield limiter.run(held, seen, rest)[:, early:]


class _Limiter:
    """The gain's memory: the release and the look-ahead of the samples before."""

    def __init__(self, ceiling: float, look: int, release: float) -> None:
        self._ceiling, self._look, self._release = 10.0 ** (ceiling / 20.0), look, release
        self._level = 0.0  # decibels after the release, of the sample before
        self._lowest = np.zeros(look)  # of the look-ahead, of the samples before

    def run(self, held: Samples, seen: NDArray[np.float32], ready: int) -> Samples:
        """The first samples, limited; the peaks of ``look`` more are only looked at."""
        peaks = seen[: ready + self._look].astype(np.float64)
        sound = held[:, :ready]
        np.maximum(peaks[:ready], _loudest(sound), out=peaks[:ready])
        needed = np.zeros(peaks.size)
        loud = peaks > self._ceiling
        needed[loud] = 20.0 * np.log10(self._ceiling / peaks[loud])
        gains = self._means(self._lows(self._released(needed, ready)), ready)
        if not gains.any():
            return sound
        return (sound * 10.0 ** (gains / 20.0)).astype(np.float32)

    def _released(self, needed: Decibels, ready: int) -> Decibels:
        """At most ``release`` above the sample before."""
        slope = self._release * np.arange(1, needed.size + 1)
        line = np.minimum(np.minimum.accumulate(needed - slope), self._level) + slope
        found: Decibels = np.minimum(line, 0.0)
        self._level = float(found[ready - 1])
        return found

    def _lows(self, released: Decibels) -> Decibels:
        """The lowest of each sample and the ``look`` after it."""
        lows, reach, window = released, 1, self._look + 1
        while reach < window:  # the lowest of two, four, eight …
            step = min(reach, window - reach)
            lows = np.minimum(lows[:-step], lows[step:])
            reach += step
        return lows

    def _means(self, lows: Decibels, ready: int) -> Decibels:
        """The mean of each sample's and the ``look`` before it."""
        known = np.concatenate([self._lowest, lows[:ready]])
        self._lowest = known[-self._look :]
        if not known.any():
            return np.zeros(ready)
        sums = np.concatenate([[0.0], np.cumsum(known)])
        window = self._look + 1
        means: Decibels = np.minimum((sums[window:] - sums[:-window]) / window, 0.0)
        return means
