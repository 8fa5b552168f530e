"""A limiter of true peaks: what swings above a ceiling between the samples is turned down in time.

Sound is oversampled four times (ITU-R BS.1770-4, Annex 2) by a windowed sinc. From the
decibels that each sample is too loud by follows the gain:

1. held down by the release: it rises by at most so many decibels a second;
2. the lowest of what lies within the look-ahead;
3. the mean over the look-ahead, which ends the way down where the peak begins.

So the gain at a peak is never above what that peak needs. Nothing is delayed, and where
nothing is too loud no bit changes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kadr_pyav.sound import Samples

__all__ = ["limited", "true_peaks"]

_LOOK = 0.005  # seconds
_RELEASE = 60.0  # decibels a second
_MARGIN = 0.05  # decibels below the ceiling, for what oversampling by four does not see
_HALF = 16  # samples that the sinc reaches to each side
_NOTHING = -1e300

Decibels = NDArray[np.float64]


def _phases() -> NDArray[np.float64]:
    """Filters for a quarter, a half and three quarters of a sample, shape (3, 2 * _HALF)."""
    rows = []
    for phase in (0.25, 0.5, 0.75):
        x = np.arange(1 - _HALF, _HALF + 1) - phase
        row = np.sinc(x) * np.cos(np.pi * x / (2 * _HALF)) ** 2
        rows.append(row / row.sum())
    return np.array(rows)


_FILTERS = _phases()


def true_peaks(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """The greatest amplitude at each sample and up to the next one, of the loudest channel.

    Args:
        samples: (channels, n + 2 * _HALF), with that much sound on both sides.

    Returns:
        Shape (n,).
    """
    count = samples.shape[1] - 2 * _HALF
    peaks: NDArray[np.float64] = np.abs(samples[:, _HALF : _HALF + count]).max(axis=0)
    for row in _FILTERS:
        for channel in samples:
            between = np.abs(np.convolve(channel, row[::-1], "valid")[1 : count + 1])
            np.maximum(peaks, between, out=peaks)
    return peaks


def limited(pieces: Iterator[Samples], gain: float, ceiling: float, rate: int) -> Iterator[Samples]:
    """Pieces times a factor, with true peaks (dBTP) at most at the ceiling; the same length."""
    look = max(1, round(rate * _LOOK))
    limiter = _Limiter(ceiling - _MARGIN, look, _RELEASE / rate)
    held: NDArray[np.float64] | None = None
    early = look  # silence put before the beginning, so that a peak there is seen coming
    for piece in pieces:
        loud = piece.astype(np.float64) * gain
        if held is None:
            held = np.zeros((loud.shape[0], _HALF + look))
        held = np.concatenate([held, loud], axis=1)
        # All but the last are settled: their neighbours and what lies ahead is known.
        ready = held.shape[1] - 2 * _HALF - look
        if ready > early:
            yield limiter.run(held, ready)[:, early:]
            held, early = held[:, ready:], 0
    if held is not None:
        rest = held.shape[1] - _HALF
        yield limiter.run(np.pad(held, ((0, 0), (0, _HALF + look))), rest)[:, early:]


class _Limiter:
    """The gain's memory: the release and the look-ahead of the samples before."""

    def __init__(self, ceiling: float, look: int, release: float) -> None:
        self._ceiling, self._look, self._release = ceiling, look, release
        self._level = 0.0  # decibels after the release, of the sample before
        self._lowest = np.zeros(look)  # of the look-ahead, of the samples before

    def run(self, held: NDArray[np.float64], ready: int) -> Samples:
        """The first samples behind the margin, limited; ``look`` more are only looked at."""
        with np.errstate(divide="ignore"):
            level = 20.0 * np.log10(true_peaks(held[:, : ready + self._look + 2 * _HALF]))
        too_loud = np.minimum(0.0, self._ceiling - level)
        gains = self._means(self._lows(self._released(too_loud, ready)), ready)
        sound = held[:, _HALF : _HALF + ready]
        if gains.any():
            sound = sound * 10.0 ** (gains / 20.0)
        return sound.astype(np.float32)

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
