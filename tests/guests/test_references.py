"""The built-in guests of the newer kinds against their meaning in numpy, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from kadr_sdk.audio_effects import SOUND_BLOCK, AudioCall
from kadr_sdk.color import BT709
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import AudioBlock, VideoFrame

Guest = Callable[[str], Any]


def sound(first: int, values: dict[str, Any], inputs: list[Any], rate: int = 44100) -> AudioCall:
    blocks = [AudioBlock(samples, rate, first) for samples in inputs]
    return AudioCall(blocks, values, first, SOUND_BLOCK, rate, "stereo", 2, 10 * rate, 3)


@pytest.mark.parametrize("first", [0, 1024, 1024 * 4000])
def test_tremolo(first: int, guest: Guest) -> None:
    samples = np.random.default_rng(1).random((2, SOUND_BLOCK), np.float32) - np.float32(0.5)
    made = guest("tremolo").process(sound(first, {"rate": 7.3, "depth": 0.8}, [samples]))
    turns = (np.arange(first, first + SOUND_BLOCK) * 1.0) * (7.3 / 44100)
    t = np.abs(2.0 * (turns - np.floor(turns)) - 1.0)
    gain = 1.0 - 0.8 * (1.0 - t * t * (3.0 - 2.0 * t))
    np.testing.assert_array_equal(made.samples, (samples * gain).astype(np.float32))


@pytest.mark.parametrize("wave", ["sine", "triangle", "square", "saw"])
def test_tone(wave: str, guest: Guest) -> None:
    values = {"frequency": 997.0, "level": 0.5, "wave": wave}
    made = guest("tone").process(sound(2048, values, []))
    turns = np.arange(2048, 2048 + SOUND_BLOCK) * (997.0 / 44100)
    place = turns - np.floor(turns)
    expected = {
        "sine": np.sin(2 * np.pi * place),
        "triangle": np.where(place < 0.25, 4 * place, np.where(place < 0.75, 2 - 4 * place, 4 * place - 4)),
        "square": np.where(place < 0.5, 1.0, -1.0),
        "saw": 2 * place - 1,
    }[wave]
    np.testing.assert_allclose(made.samples, np.stack([expected * 0.5] * 2), rtol=0, atol=1e-7)


def _wave(phase: Any) -> Any:
    half = phase & 0xFFFF
    t = np.where(half < 32768, half, 65535 - half) * 2
    return (t * t >> 16) * (196608 - 2 * t) >> 16


@pytest.mark.parametrize("format", ["gbrp", "rgba64le"])
def test_plasma(format: str, guest: Guest) -> None:
    low, high = (0.1, 0.5, 0.9, 1.0), (1.0, 0.25, 0.0, 0.5)
    values = {"size": 90.0, "speed": 0.3, "from": low, "to": high}
    width, height, time, seed = 130, 50, Fraction(7, 5), 0x12345
    moment = (35, Fraction(25), time, Fraction(4), 0.35, seed)
    made = guest("plasma").frame(FrameCall([], values, *moment, width, height, format, BT709))
    step, moved = 1.0 / 90.0, float(time) * 0.3
    across = _wave(((np.arange(width) * step + moved) * 65536).astype(np.int64) + (seed & 0xFFFF))
    down = _wave(((np.arange(height) * step * 0.8 + 64.0 - moved) * 65536).astype(np.int64))
    along = _wave(((np.arange(width + height) * step * 0.625 + moved * 2.0) * 65536).astype(np.int64))
    x, y = np.arange(width)[None, :], np.arange(height)[:, None]
    shade = (across[x] + down[y] + along[x + y]) // 192
    part = _wave(np.arange(1024) * 64)
    ends = [[int(c * 65535.0 + 0.5) for c in np.float32(colour).astype(float)] for colour in (low, high)]
    shown = [((a * (65535 - part) + b * part) // 65535)[shade] for a, b in zip(*ends, strict=True)]
    expected = VideoFrame.empty(format, width, height, BT709)
    if format == "rgba64le":
        expected.planes[0][...] = np.stack(shown, axis=2)
    else:
        for plane, number in zip(expected.planes, (1, 2, 0), strict=True):
            plane[...] = (shown[number] * 255 + 32767) // 65535
    assert all((a == b).all() for a, b in zip(made.planes, expected.planes, strict=True))
