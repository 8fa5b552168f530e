"""Levels of sound, a byte for each 10 ms, and whether two courses of them belong together.

A byte counts half decibels above -50 dBFS of the mean square over all channels. Encoders keep
that within a decibel or two, so sound that is shifted, silent or another one is found by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BLOCKS", "LevelNotes", "SoundOddity", "compare_levels"]

BLOCKS = 100
"""A second."""
_WINDOW = 5 * BLOCKS
_REACH = BLOCKS  # blocks that sound is looked for, both ways
_LATE = 3  # blocks within which it belongs: codecs add a packet
_APART = 12.0  # half decibels on average: another sound
_BETTER = 2.0  # half decibels: what a shift must gain to be believed


class LevelNotes:
    """Levels of samples that come in order."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._levels = bytearray()
        self._done = 0
        self._sum, self._count = 0.0, 0

    def add(self, samples: NDArray[Any]) -> None:
        """What comes next, shape (channels, n)."""
        squares = np.mean(np.square(samples, dtype=np.float64), axis=0) if samples.size else np.zeros(0)
        at = 0
        while at < len(squares):
            end = -(-(len(self._levels) + 1) * self._rate // BLOCKS)  # first sample of the next block
            piece = squares[at : at + end - self._done]
            self._sum += float(piece.sum())
            self._count += len(piece)
            self._done += len(piece)
            at += len(piece)
            if self._done == end:
                self._close()

    def _close(self) -> None:
        decibels = 10 * np.log10(max(self._sum / max(1, self._count), 1e-12))
        self._levels.append(int(np.clip(round((decibels + 50) * 2), 0, 255)))
        self._sum, self._count = 0.0, 0

    def skip(self, samples: int) -> None:
        """Silence before the first sample (negative: the first blocks are left out)."""
        if samples > 0:
            self.add(np.zeros((1, samples)))

    def result(self) -> bytes:
        """All whole blocks."""
        return bytes(self._levels)


@dataclass(frozen=True, slots=True)
class SoundOddity:
    """Seconds of sound that are not what was encoded; ``late`` where they come so much later."""

    at: float
    until: float
    late: float | None


def compare_levels(found: bytes, wanted: bytes) -> list[SoundOddity]:
    """Where decoded sound is not what was encoded: windows of five seconds, neighbours joined."""
    have, want = (np.frombuffer(row, np.uint8).astype(np.float32) for row in (found, wanted))
    rows: list[SoundOddity] = []
    for odd in _windows(have, want):
        last = rows[-1] if rows else None
        if last is not None and last.late == odd.late and last.until == odd.at:
            rows[-1] = SoundOddity(last.at, odd.until, odd.late)
        else:
            rows.append(odd)
    return rows


def _windows(have: NDArray[Any], want: NDArray[Any]) -> Iterator[SoundOddity]:
    for first in range(0, len(want), _WINDOW):
        piece = want[first : first + _WINDOW]
        if len(piece) < BLOCKS // 2 and first:
            return  # less than half a second tells nothing by itself
        errors = {lag: _error(have, piece, first + lag) for lag in range(-_REACH, _REACH + 1)}
        near = min(errors[lag] for lag in range(-_LATE, _LATE + 1))
        best = min(errors, key=lambda lag: (errors[lag], abs(lag)))
        ends = (first / BLOCKS, (first + len(piece)) / BLOCKS)
        if abs(best) > _LATE and near - errors[best] > _BETTER and errors[best] < near / 2:
            yield SoundOddity(*ends, best / BLOCKS)
        elif near > _APART:
            yield SoundOddity(*ends, None)


def _error(have: NDArray[Any], piece: NDArray[Any], at: int) -> float:
    """Mean difference where ``piece`` is laid at a block; what is not there counts as silence."""
    row = np.zeros(len(piece), np.float32)
    begin, end = max(0, at), min(len(have), at + len(piece))
    if end > begin:
        row[begin - at : end - at] = have[begin:end]
    return float(np.mean(np.abs(row - piece)))
