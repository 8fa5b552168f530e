"""Levels of sound, and whether two courses of them belong together.

A byte counts half decibels above -50 dBFS: of the mean square over all channels in each 10 ms, and of
each channel in each second. Encoders keep that within a decibel or two, so sound that is shifted,
silent or another one is found by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BLOCKS", "LevelNotes", "SoundOddity", "compare_channels", "compare_levels"]

BLOCKS = 100
"""A second."""
_SECONDS = 5
_WINDOW = _SECONDS * BLOCKS
_REACH = BLOCKS  # blocks that sound is looked for, both ways
_LATE = 3  # blocks within which it belongs: codecs add a packet
_APART = 12.0  # half decibels on average: another sound
_BETTER = 2.0  # half decibels: what a shift must gain to be believed
_HEARD = 40  # -30 dBFS: what is quieter, encoders may leave out
_FAINT = 40  # half decibels: what is so much quieter is missing
_SURROUND, _LOW = 6, 3  # channels of 5.1, and the one of low frequencies: encoders leave the others out there


class LevelNotes:
    """Levels of samples that come in order: of all channels together, and of each by itself."""

    def __init__(self, rate: int) -> None:
        self._all, self._each = _Course(rate, BLOCKS), _Course(rate, 1)

    def add(self, samples: NDArray[Any]) -> None:
        """What comes next, shape (channels, n)."""
        squares = np.square(samples, dtype=np.float64)
        self._all.add(squares.mean(axis=0, keepdims=True))
        self._each.add(squares)

    def result(self) -> bytes:
        """All whole blocks."""
        return bytes(self._all.levels)

    def channels(self) -> bytes:
        """All whole seconds, each a byte a channel."""
        return bytes(self._each.levels)


class _Course:
    """Levels of ``blocks`` stretches a second, a byte for each channel of each."""

    def __init__(self, rate: int, blocks: int) -> None:
        self._rate, self._blocks = rate, blocks
        self.levels = bytearray()
        self._closed = self._done = self._count = 0
        self._sums: NDArray[Any] | float = 0.0

    def add(self, squares: NDArray[Any]) -> None:
        """What comes next, shape (channels, n)."""
        at = 0
        while at < squares.shape[1]:
            end = -(-(self._closed + 1) * self._rate // self._blocks)  # first sample of the next block
            piece = squares[:, at : at + end - self._done]
            self._sums = self._sums + piece.sum(axis=1)
            self._count += piece.shape[1]
            self._done += piece.shape[1]
            at += piece.shape[1]
            if self._done == end:
                self._close()

    def _close(self) -> None:
        decibels = 10 * np.log10(np.maximum(np.asarray(self._sums) / max(1, self._count), 1e-12))
        self.levels += np.clip(np.rint((decibels + 50) * 2), 0, 255).astype(np.uint8).tobytes()
        self._closed += 1
        self._sums, self._count = 0.0, 0


@dataclass(frozen=True, slots=True)
class SoundOddity:
    """Seconds of sound that are not what was encoded.

    Attributes:
        late: they come so much later; None: they are others.
        missing: what is not heard there, in words; empty where something else is wrong.
    """

    at: float
    until: float
    late: float | None = None
    missing: str = ""


def compare_levels(found: bytes, wanted: bytes) -> list[SoundOddity]:
    """Where decoded sound is not what was encoded: windows of five seconds, and what is missing in others."""
    have, want = (np.frombuffer(row, np.uint8).astype(np.float32) for row in (found, wanted))
    odd = list(_joined(_windows(have, want)))
    holes = (h for h in _holes(have, want) if not any(o.at <= h.at < o.until for o in odd))
    return sorted([*odd, *holes], key=lambda row: row.at)


def _joined(rows: Iterable[SoundOddity]) -> Iterator[SoundOddity]:
    """Neighbours that say the same are one."""
    last: SoundOddity | None = None
    for row in rows:
        if last is not None and replace(row, at=last.at) == replace(last, until=row.until):
            last = replace(last, until=row.until)
            continue
        if last is not None:
            yield last
        last = row
    if last is not None:
        yield last


def _holes(have: NDArray[Any], want: NDArray[Any]) -> Iterator[SoundOddity]:
    """Where sound is much quieter than it was, wherever within a packet one looks."""
    count = min(len(have), len(want))
    least = _nearby(want[:count], np.min)
    gone = (least >= _HEARD) & (_nearby(have[:count], np.max) <= least - _FAINT)
    at = 0
    for flag, run in groupby(gone):
        first, at = at, at + sum(1 for _ in run)
        if flag and at - first >= _LATE:
            yield SoundOddity((first - _LATE) / BLOCKS, (at + _LATE) / BLOCKS, missing="the sound")


def _nearby(row: NDArray[Any], chosen: Callable[..., NDArray[Any]]) -> NDArray[Any]:
    """The least or the greatest within :data:`_LATE` blocks of each."""
    padded = np.pad(row, _LATE, mode="edge")
    return chosen(np.lib.stride_tricks.sliding_window_view(padded, 2 * _LATE + 1), axis=1)


def compare_channels(found: bytes, wanted: bytes, channels: int) -> list[SoundOddity]:
    """Channels in which next to nothing is left of what was encoded, in windows of five seconds.

    Quieter alone counts: coarse encoders make one channel of two, and both are heard in each then.
    """
    rows = [np.frombuffer(row, np.uint8).astype(np.float32) for row in (found, wanted)]
    count = min(map(len, rows)) // channels
    have, want = (row[: count * channels].reshape(count, channels) for row in rows)
    odd: list[SoundOddity] = []
    for channel in range(channels):
        if channels < _SURROUND or channel != _LOW:
            odd += _joined(_gone(have[:, channel], want[:, channel], f"channel {channel + 1}"))
    return odd


def _gone(have: NDArray[Any], want: NDArray[Any], name: str) -> Iterator[SoundOddity]:
    for first in range(0, len(want), _SECONDS):
        piece = slice(first, first + _SECONDS)
        heard = want[piece] >= _HEARD
        if heard.any() and float(np.mean((want[piece] - have[piece])[heard])) >= _FAINT:
            yield SoundOddity(float(first), float(first + len(want[piece])), missing=name)


def _windows(have: NDArray[Any], want: NDArray[Any]) -> Iterator[SoundOddity]:
    for first in range(0, len(want), _WINDOW):
        piece = want[first : first + _WINDOW]
        if len(piece) < BLOCKS // 2 and first:
            return  # less than half a second tells nothing by itself
        errors = {lag: _error(have, piece, first + lag) for lag in range(-_REACH, _REACH + 1)}
        near, own = (min(errors[lag] for lag in range(-n, n + 1)) for n in (_LATE, 1))
        best = min(errors, key=lambda lag: (errors[lag], abs(lag)))
        ends = (first / BLOCKS, (first + len(piece)) / BLOCKS)
        if abs(best) > _LATE and own - errors[best] > _BETTER and errors[best] < own / 2:
            yield SoundOddity(*ends, best / BLOCKS)
        elif near > _APART:
            yield SoundOddity(*ends)


def _error(have: NDArray[Any], piece: NDArray[Any], at: int) -> float:
    """Mean difference where ``piece`` is laid at a block; what is not there counts as silence."""
    row = np.zeros(len(piece), np.float32)
    begin, end = max(0, at), min(len(have), at + len(piece))
    if end > begin:
        row[begin - at : end - at] = have[begin:end]
    return float(np.mean(np.abs(row - piece)))
