"""The sound of a file as blocks of float32, and what can be measured of it: peaks, silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from kadr_sdk.errors import MediaFileError
from kadr_sdk.frames import AudioBlock
from kadr_sdk.plan import AudioClip, AudioPlan

from kadr_scanner.products import Source
from kadr_scanner.stretches import Stretch, stretches
from kadr_scanner.work import Job

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kadr_scanner.library import Library

__all__ = ["Levels", "Peaks", "blocks_of", "sound_plan"]

_CHANNELS = {"mono": 1, "stereo": 2}


def sound_plan(source: Source, *, rate: int = 48000, mono: bool = False) -> AudioPlan:
    """The main sound of a file from its first sample to its last, as mono or stereo.

    Raises:
        MediaFileError: there is no sound in it, or nobody knows how long it is.
    """
    audio = source.info.main_audio
    if audio is None:
        raise MediaFileError("there is no sound in this file", path=source.path, hint="give one with sound")
    seconds = audio.duration or source.info.duration
    if seconds is None:
        hint = "convert it to WAV or FLAC first"
        raise MediaFileError("the length of the sound is not known", path=source.path, hint=hint)
    layout = "mono" if mono or audio.channels == 1 else "stereo"
    count = max(1, round(seconds * rate))
    start = max(audio.start, Fraction(0))
    clip = AudioClip(str(source.path), audio.index, 0, count, start, damage="hold")
    return AudioPlan(rate, layout, _CHANNELS[layout], count, (clip,))


def blocks_of(library: Library, plan: AudioPlan, job: Job) -> Iterator[AudioBlock]:
    """The sound of a plan; progress counts samples."""
    for block in library.backend.mix(plan, job):
        job.check()
        yield block
        job.advance(block.samples.shape[1])


@dataclass(slots=True)
class _Windows:
    """Cuts sound into windows of equal length, whatever the length of the blocks.

    Attributes:
        length: samples.
    """

    length: int
    _rest: list[NDArray[np.float32]] = field(default_factory=list)
    _held: int = 0

    def add(self, samples: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Whole windows, shape (channels, windows, length)."""
        self._rest.append(samples)
        self._held += samples.shape[1]
        if self._held < self.length:
            return None
        whole = np.concatenate(self._rest, axis=1)
        used = self._held // self.length * self.length
        self._rest, self._held = [whole[:, used:]], self._held - used
        return whole[:, :used].reshape(whole.shape[0], -1, self.length)

    def last(self) -> NDArray[np.float32] | None:
        """The rest, one window shorter than the others."""
        if not self._held:
            return None
        whole = np.concatenate(self._rest, axis=1)
        return whole.reshape(whole.shape[0], 1, -1)


class Peaks:
    """The lowest and highest sample and the root mean square of every window, by channel.

    Args:
        per_second: windows a second; the rate is a multiple of it.
    """

    def __init__(self, rate: int, per_second: int) -> None:
        self._windows = _Windows(rate // per_second)
        self._rows: list[NDArray[np.float32]] = []

    def seen(self, blocks: Iterable[AudioBlock]) -> Iterator[AudioBlock]:
        """The same blocks, measured as they pass."""
        for block in blocks:
            self._take(self._windows.add(block.samples))
            yield block
        self._take(self._windows.last())

    def _take(self, windows: NDArray[np.float32] | None) -> None:
        if windows is not None:
            power = np.sqrt(np.mean(np.square(windows, dtype=np.float64), axis=2))
            self._rows.append(np.stack([windows.min(2), windows.max(2), power.astype(np.float32)]))

    def result(self) -> NDArray[np.float32]:
        """Shape (3, channels, windows): lowest, highest, root mean square."""
        if not self._rows:
            return np.zeros((3, 1, 0), np.float32)
        return np.concatenate(self._rows, axis=2)


class Levels(Peaks):
    """Windows of 10 ms, and where they stay silent."""

    per_second = 100

    def __init__(self, rate: int) -> None:
        super().__init__(rate, self.per_second)

    def silence(self, below: float, at_least: float) -> list[Stretch]:
        """Stretches whose loudest channel stays below a level.

        Args:
            below: root mean square in dB of full scale. at_least: seconds.
        """
        loudest = self.result()[2].max(axis=0)
        quiet = loudest < 10 ** (below / 20)
        return stretches(quiet, 1 / self.per_second, at_least)

    def peak(self) -> dict[str, Any]:
        """The largest sample and the mean power, in dB of full scale; None for digital silence."""
        found = self.result()
        if not found.shape[2]:
            return {"sample_peak": None, "rms": None}
        highest = float(np.abs(found[:2]).max())
        power = float(np.sqrt(np.mean(np.square(found[2], dtype=np.float64))))
        return {"sample_peak": _decibel(highest), "rms": _decibel(power)}


def _decibel(value: float) -> float | None:
    return None if value <= 0 else round(20 * float(np.log10(value)), 2)
