"""Levels of 10 ms, and what two courses of them tell of each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kadr_pyav.sound_levels import BLOCKS, LevelNotes, SoundOddity, compare_levels


def levels(samples: Any, rate: int = 48000, block: int = 1001) -> bytes:
    notes = LevelNotes(rate)
    for first in range(0, samples.shape[1], block):
        notes.add(samples[:, first : first + block])
    return notes.result()


@pytest.mark.parametrize("rate", [48000, 44100, 22050, 11025])
def test_a_byte_for_each_ten_milliseconds(rate: int) -> None:
    sound = np.full((2, 3 * rate), 0.1, np.float32)  # -20 dBFS: 30 dB above the floor
    assert levels(sound, rate) == bytes([60]) * 3 * BLOCKS
    assert levels(sound, rate, block=7 * rate) == levels(sound, rate, block=13)


def test_full_scale_and_silence_are_the_ends() -> None:
    assert levels(np.ones((1, 4800), np.float32)) == bytes([100]) * 10
    assert levels(np.zeros((1, 4800), np.float32)) == bytes(10)


@pytest.fixture
def course() -> Any:
    return np.repeat(np.random.default_rng(1).integers(0, 90, 100), 20).astype(np.uint8)  # 20 s


def test_the_same_and_a_little_noise_are_the_same(course: Any) -> None:
    noise = np.random.default_rng(2).integers(-3, 4, len(course))
    near = np.clip(course.astype(int) + noise, 0, 255).astype(np.uint8)
    assert compare_levels(near.tobytes(), course.tobytes()) == []
    assert compare_levels(course[2:].tobytes(), course.tobytes()) == []  # 20 ms: a packet


@pytest.mark.parametrize("blocks", [5, 37, -5, -37])
def test_a_shift_is_told_with_its_length(course: Any, blocks: int) -> None:
    shifted = np.roll(course, blocks)
    (odd,) = compare_levels(shifted.tobytes(), course.tobytes())
    assert odd == SoundOddity(0, 20, blocks / BLOCKS)


def test_a_hole_is_told_with_its_window(course: Any) -> None:
    spoilt = course.copy()
    spoilt[700:1000] = 0
    (odd,) = compare_levels(spoilt.tobytes(), course.tobytes())
    assert odd == SoundOddity(5, 10, None)
