"""Stretching at a speed that varies, with the pitch kept.

Overlap-add of similar pieces (Verhelst and Roelands, "An overlap-add technique based on waveform
similarity", 1993): pieces of 40 ms follow each other every 20 ms. Each is taken from where the
speed wants its middle, moved by at most 12 ms to where it goes on most like the piece before. The place
is counted from the clip's beginning for every piece, so nothing drifts. Where the speed is 1 the
pieces stand exactly at their places, and the source comes through as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kadr_pyav.sound import Samples

if TYPE_CHECKING:
    from kadr_pyav.warped import Source

__all__ = ["stretched"]

_HOP = 0.020  # seconds
_SEARCH = 0.012  # seconds to each side
_STEADY = 1e-6  # of a sample: a speed nearer to 1 than this over a piece is 1

Sound = NDArray[np.float64]


def stretched(
    source: Source, positions: Callable[[NDArray[np.int64]], NDArray[np.float64]], total: int, rate: int
) -> Iterator[Samples]:
    """So many samples, each piece from near its position in the source."""
    hop, reach = round(_HOP * rate), round(_SEARCH * rate)
    fade = np.sin(np.pi / 2 * (np.arange(hop) + 0.5) / hop) ** 2
    begin = _nearest(float(positions(np.array([0]))[0]))
    tail = source.read(begin - reach, begin + hop)[:, reach:]
    for first in range(0, total, hop):
        middle, after = (float(p) for p in positions(np.array([first + hop, first + 2 * hop])))
        wanted = _nearest(middle) - hop
        around = source.read(wanted - reach, wanted + reach + 2 * hop)
        steady = abs(after - middle - hop) < _STEADY
        at = reach if steady else _likest(around[:, : 2 * reach + hop], tail, reach)
        piece = around[:, at : at + 2 * hop]
        yield (tail * (1 - fade) + piece[:, :hop] * fade)[:, : total - first].astype(np.float32)
        tail = piece[:, hop:]


def _nearest(position: float) -> int:
    """Half up, so that steps of whole samples stay such."""
    return math.floor(position + 0.5 + _STEADY)


def _likest(around: Sound, tail: Sound, reach: int) -> int:
    """Where in ``around`` the sound goes on most like ``tail``; the nearest to the middle of equals."""
    count = tail.shape[1]
    size = 1 << around.shape[1].bit_length()
    spectrum = np.fft.rfft(around, size) * np.conj(np.fft.rfft(tail, size))
    match = np.fft.irfft(spectrum.sum(axis=0), size)[: 2 * reach + 1]
    energy = np.concatenate([[0.0], np.cumsum((around * around).sum(axis=0))])
    score = match / np.sqrt(np.maximum(energy[count:] - energy[:-count], 1e-9))
    order = np.argsort(np.abs(np.arange(-reach, reach + 1)), kind="stable")
    return int(order[np.argmax(np.round(score[order], 9))])
