"""Decoded pictures against what was noted of them on their way to the encoder.

The means of 4 x 4 fields survive any encoder within a few codes, and tell a picture from its
neighbours wherever something moves. So a picture that is repeated, missing, black or another
one is found without making the film again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from kadr_sdk.reports import Stretch

from kadr_pyav.facts import FIELDS, fields_of, hue_of, samples_of

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

__all__ = ["Oddity", "PictureNotes", "compare", "discolored", "held_back"]

BLACK_SECONDS, FROZEN_SECONDS = Fraction(1, 2), Fraction(2)
"""Shorter stretches are not told: cuts through black and pauses are common."""
_DARK = 0.1  # of the range above black
_SHARE = 0.98  # of the samples must be dark
_STILL = 0.25  # codes on average between neighbours: below what noise of -60 dB gives
_FAR = 6.0  # codes on average: encoders stay below that, whatever their quality
_NEAR = 2.5  # codes: what moves less, a coarse quantizer may hold back for a frame
_SLOW = 4.5  # codes between neighbours: fades and pans stay below that
_HUE = 10  # codes: encoders keep the mean of a plane within two
_REACH = 5  # frames that a picture is looked for, both ways


class PictureNotes:
    """What is noted of decoded frames, in order of presentation.

    Attributes:
        numbers: of the frames, by their times where those tell, else in order.
        hues: of the frames, see :func:`kadr_pyav.facts.hue_of`.
    """

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self._fields = bytearray()
        self.hues: list[bytes] = []
        self._black: list[bool] = []
        self._still: list[bool] = []
        self._last: NDArray[Any] | None = None

    def note(self, frame: VideoFrame, number: int | None = None) -> None:
        """Look at a frame; it is not changed."""
        self.numbers.append(len(self.numbers) if number is None else number)
        grid, depth = samples_of(frame), frame.format.components[0].bits
        self._fields += fields_of(grid, depth)
        self.hues.append(hue_of(frame))
        if not frame.format.name.startswith(("yuv", "gray", "nv", "p0")):
            # The first plane of other formats is not what the eye sees as bright.
            grid, depth = samples_of(frame.reformat(format="gray")), 8
        scale = 1 << max(0, depth - 8)
        low, high = _range(frame)
        self._black.append(float(np.mean(grid <= (low + _DARK * (high - low)) * scale)) >= _SHARE)
        self._still.append(self._same(grid, scale))

    def _same(self, grid: NDArray[Any], scale: int) -> bool:
        last, self._last = self._last, grid
        if last is None or last.shape != grid.shape:
            return False
        return float(np.mean(np.abs(grid.astype(np.float32) - last))) <= _STILL * scale

    @property
    def pictures(self) -> NDArray[np.int16]:
        """Fields of all frames, shape (frames, 16)."""
        return np.frombuffer(bytes(self._fields), np.uint8).reshape(-1, FIELDS * FIELDS).astype(np.int16)

    @property
    def black(self) -> list[bool]:
        """Whether each frame is black."""
        return self._black

    def stretches(self, rate: Fraction) -> tuple[Stretch, ...]:
        """Black and frozen ones that last; what is black is not told as frozen again."""
        still = [s and not b for s, b in zip(self._still, self._black, strict=True)]
        black = _runs(self._black, "black", float(BLACK_SECONDS * rate))
        # The frame before the first that is like its neighbour belongs to them.
        frozen = (Stretch("frozen", s.first - 1, s.end) for s in _runs(still, "frozen", 1))
        long = [s for s in frozen if s.end - s.first >= FROZEN_SECONDS * rate]
        return tuple(sorted([*black, *long], key=lambda s: s.first))


def _runs(flags: list[bool], kind: str, least: float) -> Iterator[Stretch]:
    at = 0
    for flag, group in groupby(flags):
        count = sum(1 for _ in group)
        if flag and count >= least:
            yield Stretch(kind, at, at + count)
        at += count


def _range(frame: VideoFrame) -> tuple[int, int]:
    full = int(frame.color_range) == 2 or not frame.format.name.startswith(("yuv", "gray", "nv", "p0"))
    return (0, 255) if full or frame.format.name.startswith("yuvj") else (16, 235)


@dataclass(frozen=True, slots=True)
class Oddity:
    """Frames ``first`` to before ``end`` do not show what was encoded there.

    Attributes:
        kind: ``black``, ``frozen``, ``repeated``, ``early``, ``late`` or ``other``.
        shift: frames that they are early or late.
    """

    kind: str
    first: int
    end: int
    shift: int = 0


def held_back(quantizer: float) -> float:
    """Codes by which a slow change may lag behind, as a coarse quantizer drops what is small.

    An eighth of H.264's step of quantization, 0.625 * 2^(QP / 6) (ITU-T H.264, 8.5.9): a change of the
    mean of a field is below that when its coefficient is rounded to nothing. Measured with x264, x265,
    libvpx and SVT-AV1 on fades of 3 to 12 s: at most 24 codes at 51, 8 at 43, 4 at 63 of VP9 and AV1.
    """
    return max(_NEAR, 0.625 * 2 ** (min(quantizer, 51.0) / 6) / 8)


def compare(notes: PictureNotes, expected: tuple[bytes, ...], quantizer: float = 0.0) -> list[Oddity]:
    """Where decoded frames are not those that were encoded.

    Args:
        expected: fields of each frame, empty where they are not known.
        quantizer: how coarsely they were encoded, on H.264's scale; where little changes, what that
            explains is not told.
    """
    size = FIELDS * FIELDS
    known = np.array([len(row) == size for row in expected], bool)
    rows = b"".join(row if ok else bytes(size) for row, ok in zip(expected, known, strict=True))
    wanted = np.frombuffer(rows, np.uint8).reshape(-1, size).astype(np.int16)
    numbers = np.array(notes.numbers, np.int64)
    comparison = _Comparison(notes.pictures, numbers, notes.black, wanted, known, held_back(quantizer))
    return list(_joined(comparison.verdict(int(n)) for n in comparison.suspects()))


def discolored(notes: PictureNotes, expected: tuple[bytes, ...]) -> Oddity | None:
    """Frames of another hue than was encoded, from the first to the last; too few are no matter."""
    rows = zip(notes.numbers, notes.hues, strict=True)
    known = [(n, hue, expected[n]) for n, hue in rows if 0 <= n < len(expected)]
    off = [n for n, hue, meant in known if max(map(_apart, hue, meant), default=0) > _HUE]
    return Oddity("hue", min(off), max(off) + 1) if len(off) > _REACH else None


def _apart(one: int, other: int) -> int:
    return abs(one - other)


_Verdict = tuple[int, str, int]
"""Number of a frame, kind and shift."""


@dataclass(frozen=True, slots=True)
class _Comparison:
    found: NDArray[Any]
    numbers: NDArray[Any]
    black: list[bool]
    wanted: NDArray[Any]
    known: NDArray[Any]
    lag: float

    def suspects(self) -> NDArray[Any]:
        """Rows of ``found`` that differ at all."""
        inside = (self.numbers >= 0) & (self.numbers < len(self.wanted))
        rows = np.flatnonzero(inside)
        rows = rows[self.known[self.numbers[rows]]]
        far = np.abs(self.found[rows] - self.wanted[self.numbers[rows]]).mean(axis=1)
        chosen: NDArray[Any] = rows[far > _NEAR]
        return chosen

    def verdict(self, row: int) -> _Verdict | None:
        """What is wrong with a frame; None where nothing is."""
        number = int(self.numbers[row])
        first, end = max(0, number - _REACH), min(len(self.wanted), number + _REACH + 1)
        apart = np.abs(self.wanted[first:end] - self.found[row]).mean(axis=1)
        own = float(apart[number - first])
        lag = self.lag if self._slow(first, end) else 0.0
        if own <= lag:
            return None
        apart[~self.known[first:end]] = np.inf
        best = int(np.argmin(apart)) + first
        if best != number and float(apart[best - first]) <= min(own / 3, _FAR):
            if self._stands(row):
                return number, "frozen", 0
            return number, "late" if best < number else "early", abs(best - number)
        if own <= _FAR:
            return None
        if self.black[row]:
            return number, "black", 0
        return number, "frozen" if self._stands(row) else "other", 0

    def _slow(self, first: int, end: int) -> bool:
        """No frame of these is further from the one before than may be held back."""
        if not self.known[first:end].all():
            return False
        steps = np.abs(np.diff(self.wanted[first:end], axis=0)).mean(axis=1)
        return bool(steps.max(initial=0) <= max(_SLOW, self.lag))

    def _stands(self, row: int) -> bool:
        """It shows what the frame before shows, and should not."""
        if row == 0 or np.abs(self.found[row] - self.found[row - 1]).max() > 1:
            return False
        now, before = (self.wanted[self.numbers[k]] for k in (row, row - 1))
        return bool(np.abs(now - before).max() > 1)


def _joined(verdicts: Iterable[_Verdict | None]) -> Iterator[Oddity]:
    """Neighbours with one verdict are one oddity."""
    rows = [v for v in verdicts if v is not None]
    for _, group in groupby(enumerate(rows), key=lambda pair: (pair[1][0] - pair[0], pair[1][1:])):
        run = [row for _, row in group]
        (first, kind, shift), end = run[0], run[-1][0] + 1
        single = end - first == 1
        yield Oddity("repeated" if kind == "frozen" and single else kind, first, end, shift)
