from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_pyav.audio_reader import SoundFile
from kadr_pyav.damage import Damage
from kadr_pyav.sound import channels_of, to_frame
from kadr_sdk.frames import AudioBlock
from kadr_sdk.plan import AudioClip, AudioPlan

RATE = 48000


@dataclass
class Recorder:
    """A render context that notes what it is told."""

    warnings: list[tuple[str, str, str]] = field(default_factory=list)
    advanced: int = 0
    checks: int = 0

    def check(self) -> None:
        self.checks += 1

    def advance(self, amount: int) -> None:
        self.advanced += amount

    def effect(self, kind: str, name: str) -> Any:
        raise AssertionError("sound uses no effects")

    def warn(self, message: str, path: str = "", hint: str = "") -> None:
        self.warnings.append((message, path, hint))


class Studio:
    """Makes sound files and plans."""

    rate = RATE

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack

    def noise(self, seconds: float, seed: int = 0, channels: int = 2, rate: int = RATE) -> np.ndarray:
        """Noise of 16 bit numbers, so that a WAV of 16 bit holds it exactly."""
        whole = np.random.default_rng(seed).integers(-12000, 12000, (channels, round(seconds * rate)))
        return (whole / 32768).astype(np.float32)

    def clicks(self, seconds: float, places: list[int], rate: int = RATE) -> np.ndarray:
        """Short bursts, centred on samples, in stereo."""
        out = np.zeros((2, round(seconds * rate)), np.float32)
        burst = 0.5 * np.hanning(65) * np.sin(np.arange(-32, 33) * 0.8 + np.pi / 2)
        for place in places:
            out[:, place - 32 : place + 33] += burst
        return out

    def save(
        self,
        name: str,
        samples: np.ndarray,
        codec: str = "pcm_s16le",
        rate: int = RATE,
        layout: str = "",
        start: int = 0,
    ) -> Path:
        """A file by libav's own muxer; ``start`` delays all timestamps by samples."""
        path = self.folder / name
        layout = layout or {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[samples.shape[0]]
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate, layout=layout)
            stream.time_base = Fraction(1, rate)
            for k in range(0, samples.shape[1], 6000):
                frame = to_frame(samples[:, k : k + 6000], rate, layout, start + k)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    def plan(self, clips: list[AudioClip], count: int, rate: int = RATE, layout: str = "stereo") -> AudioPlan:
        return AudioPlan(rate, layout, channels_of(layout), count, tuple(clips))

    def clip(
        self, path: Path, count: int, start: int = 0, source: Fraction | int = 0, **more: Any
    ) -> AudioClip:
        return AudioClip(str(path), 0, start, count, Fraction(source), **more)

    def joined(self, blocks: Iterator[AudioBlock]) -> np.ndarray:
        """All blocks as one array; checks that they follow each other."""
        parts, at = [], 0
        for block in blocks:
            assert block.first == at
            at += block.samples.shape[1]
            parts.append(block.samples)
        return np.concatenate(parts, axis=1)

    def file(
        self,
        path: Path,
        rate: int = RATE,
        layout: str = "stereo",
        policy: str = "error",
        context: Recorder | None = None,
    ) -> SoundFile:
        return SoundFile(str(path), 0, rate, layout, Damage(str(path), policy, (context or Recorder()).warn))


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with ExitStack() as stack:
        yield Studio(tmp_path, stack)


@pytest.fixture
def context() -> Recorder:
    return Recorder()


@pytest.fixture(scope="session")
def media() -> Callable[[str], Path]:
    """Path of a shared test file, or a skip."""
    root = Path(os.environ.get("KADR_TEST_MEDIA") or Path(__file__).parents[5] / "shared" / "media")

    def find(name: str) -> Path:
        if not (root / name).exists():
            pytest.skip(f"{name} is not in {root}; set KADR_TEST_MEDIA")
        return root / name

    return find


@pytest.fixture
def place() -> Callable[[np.ndarray, int], int]:
    """Offset in samples of a burst from where it should be, by correlation, within 200."""
    burst = 0.5 * np.hanning(65) * np.sin(np.arange(-32, 33) * 0.8 + np.pi / 2)

    def offset(channel: np.ndarray, at: int) -> int:
        window = channel[at - 232 : at + 233].astype(np.float64)
        return int(np.argmax(np.correlate(window, burst, "valid"))) - 200

    return offset
