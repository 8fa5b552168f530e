"""Resampling at a speed that varies: faster is higher, as on a tape.

Each sample is the band-limited interpolation of the source at its position (J. O. Smith,
"Digital Audio Resampling"): a sinc of 16 zero crossings to each side under a raised cosine.
Where the source runs faster the sinc is as much wider, so that nothing folds back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kadr_pyav.sound import Samples

if TYPE_CHECKING:
    from kadr_pyav.warped import Source

__all__ = ["resampled"]

_CROSSINGS = 16
_BLOCK = 1024
_EXACT = 1e-6  # of a sample: nearer than this a position is that sample
_FINE = 1024  # steps of the table between two zero crossings


def _kernel() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The sinc under its cosine, from its middle out, and the way to the next value (errors below 2e-6)."""
    x = np.arange(_CROSSINGS * _FINE + 2) / _FINE
    table = np.sinc(x) * np.cos(np.pi / 2 * np.minimum(x / _CROSSINGS, 1.0)) ** 2
    return table, np.append(np.diff(table), 0.0)


_TABLE, _STEPS = _kernel()


def resampled(
    source: Source, positions: Callable[[NDArray[np.int64]], NDArray[np.float64]], total: int, rate: int
) -> Iterator[Samples]:
    """So many samples, each from its position in the source; positions never go back."""
    del rate  # the sinc is as long in samples at every rate
    for first in range(0, total, _BLOCK):
        places = positions(np.arange(first, min(first + _BLOCK, total) + 1))
        yield _block(source, places)


def _block(source: Source, places: NDArray[np.float64]) -> Samples:
    """Samples at all places but the last, which only tells the speed."""
    speeds = np.maximum(1.0, np.diff(places))
    half = int(np.ceil(_CROSSINGS * speeds.max()))
    at = places[:-1]
    base = np.floor(at + 0.5).astype(np.int64)
    low = int(base[0]) - half
    sound = source.read(low, int(base[-1]) + half + 1)
    offset = at - base
    offset[np.abs(offset) < _EXACT] = 0.0
    taps = np.arange(-half, half + 1)
    x = np.abs(taps[None, :] - offset[:, None]) * (_FINE / speeds)[:, None]
    np.minimum(x, _CROSSINGS * _FINE, out=x)
    place = x.astype(np.int32)
    weights = _TABLE[place] + (x - place) * _STEPS[place]
    exact = (offset == 0.0) & (speeds < 1.0 + _EXACT)
    weights[exact] = taps == 0
    weights /= weights.sum(axis=1, keepdims=True)
    windows = sliding_window_view(sound, 2 * half + 1, axis=1)
    return np.stack([np.einsum("nt,nt->n", w[base - base[0]], weights) for w in windows]).astype(np.float32)
