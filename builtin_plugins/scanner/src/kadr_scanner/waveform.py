"""Waveforms: the peaks of a file's sound, as numbers and as a picture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from kadr_sdk.errors import InvalidParameterError
from kadr_sdk.frames import VideoFrame

from kadr_scanner.hearing import Peaks, blocks_of, sound_plan
from kadr_scanner.nodes import SRGB
from kadr_scanner.products import Source, made, product_key
from kadr_scanner.work import Job

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from kadr_scanner.library import Library

__all__ = ["Waveform", "draw", "waveform"]

_RATE = 48000
_FULL = 32767
_BACK, _RANGE, _POWER, _LINE = (24, 26, 30), (72, 122, 180), (142, 192, 240), (60, 64, 70)


@dataclass(frozen=True, slots=True)
class Waveform:
    """Peaks of sound.

    Attributes:
        per_second: windows a second.
        peaks: int16 of shape (3, channels, windows): lowest and highest sample and root mean
            square of each window; 32767 is full scale.
    """

    per_second: int
    peaks: NDArray[np.int16]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: a list for each channel."""
        low, high, power = (row.tolist() for row in self.peaks)
        head = {"per_second": self.per_second, "full_scale": _FULL, "channels": self.peaks.shape[1]}
        return head | {"min": low, "max": high, "rms": power}


def waveform(library: Library, source: Source, per_second: int = 100, job: Job | None = None) -> Waveform:
    """The peaks of the main sound, mono or stereo, at 48000 Hz.

    Raises:
        InvalidParameterError: ``per_second`` does not divide the rate, or is not 1..4800.
        MediaFileError: there is no sound in it.
    """
    if not 1 <= per_second <= 4800 or _RATE % per_second:
        hint = "choose one that divides 48000, such as 50, 100 or 1000"
        raise InvalidParameterError(f"{per_second} windows a second", path="per-second", hint=hint)
    plan = sound_plan(source, rate=_RATE)
    work = job or library.job("waveform", source.path, plan.count)

    def make(path: Path) -> None:
        peaks = Peaks(_RATE, per_second)
        for _ in peaks.seen(blocks_of(library, plan, work)):
            pass
        codes = np.clip(np.rint(peaks.result() * _FULL), -_FULL, _FULL).astype(np.int16)
        path.write_text(json.dumps(Waveform(per_second, codes).as_dict()), "ascii")

    key = product_key(library, source.digest, {"per_second": per_second})
    data = made(library, "waveform", key, work, make, lambda path: json.loads(path.read_text("ascii")))
    return Waveform(per_second, np.array([data["min"], data["max"], data["rms"]], np.int16))


def draw(wave: Waveform, width: int, height: int) -> VideoFrame:
    """The whole of it as a picture, a lane for each channel: peaks dark, power light."""
    channels, count = wave.peaks.shape[1:]
    canvas = np.full((height, width, 3), _BACK, np.uint8)
    edges = np.minimum(np.arange(width) * count // width, max(0, count - 1))
    lane = height // channels
    for channel in range(channels):
        middle = lane * channel + lane // 2
        canvas[middle] = _LINE
        if not count:
            continue
        low = np.minimum.reduceat(wave.peaks[0, channel].astype(int), edges)
        high = np.maximum.reduceat(wave.peaks[1, channel].astype(int), edges)
        power = np.maximum.reduceat(wave.peaks[2, channel].astype(int), edges)
        rows = np.arange(lane * channel, lane * (channel + 1))[:, None]
        level = (middle - rows) * _FULL / (lane / 2)
        canvas[rows[:, 0]] = np.where(
            ((level <= high) & (level >= low))[..., None], _RANGE, canvas[rows[:, 0]]
        ).astype(np.uint8)
        inside = np.abs(level) <= np.minimum(power, np.maximum(np.abs(low), np.abs(high)))
        canvas[rows[:, 0]] = np.where(inside[..., None], _POWER, canvas[rows[:, 0]]).astype(np.uint8)
    return VideoFrame([canvas], "rgb24", width, height, SRGB)
