"""Levels of 10 ms, and what two courses of them tell of each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kadr_pyav.sound_levels import BLOCKS, LevelNotes, SoundOddity, compare_channels, compare_levels


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
    assert odd == SoundOddity(5, 10)


def test_a_short_hole_is_told_with_its_ends(course: Any) -> None:
    heard = np.maximum(course, 50)  # -25 dBFS and more
    spoilt = heard.copy()
    spoilt[700:730] = 0
    (odd,) = compare_levels(spoilt.tobytes(), heard.tobytes())
    assert odd == SoundOddity(7, 7.3, missing="the sound")
    quiet = np.minimum(heard, 39)  # so quiet that an encoder may leave it out
    assert compare_levels(np.where(spoilt == 0, 0, quiet).astype(np.uint8).tobytes(), quiet.tobytes()) == []


def test_each_second_of_each_channel_has_a_byte() -> None:
    notes = LevelNotes(48000)
    for _ in range(25):
        notes.add(np.array([[0.1], [1.0]], np.float32).repeat(4800, axis=1))
    assert notes.channels() == bytes([60, 100]) * 2


@pytest.mark.parametrize("channels", [2, 6])
def test_a_channel_that_is_gone_is_told_by_its_number(channels: int) -> None:
    wanted = np.full((12, channels), 70, np.uint8)
    halves, gone, low = wanted - 12, wanted.copy(), wanted.copy()
    gone[5:, 1] = 10
    low[:, 3:4] = 0  # that of low frequencies, from which encoders take all others
    for same in (wanted, halves, low):
        assert compare_channels(same.tobytes(), wanted.tobytes(), channels) == []
    (odd,) = compare_channels(gone.tobytes(), wanted.tobytes(), channels)
    assert odd == SoundOddity(5, 12, missing="channel 2")
