from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from kadr_pyav.mix import mix
from kadr_pyav.stretch import at_speed
from kadr_sdk.errors import InvalidParameterError

SPEEDS = ["0.5", "0.8", "1.25", "2"]


def _pitch(channel, rate):
    """The strongest frequency, by a parabola through the peak of a windowed spectrum."""
    spectrum = np.log(np.abs(np.fft.rfft(channel * np.hanning(len(channel)))) + 1e-12)
    k = int(np.argmax(spectrum))
    a, b, c = spectrum[k - 1 : k + 2]
    return (k + 0.5 * (a - c) / (a - 2 * b + c)) * rate / len(channel)


def _tone(studio, seconds=6.0, frequency=440.0):
    wave = 0.4 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * studio.rate)) / studio.rate)
    return studio.save("tone.wav", np.stack([wave, wave]).astype(np.float32))


@pytest.mark.parametrize("speed", [*SPEEDS, "0.2", "3", "5"])
def test_stretching_keeps_the_pitch_and_has_the_planned_length(studio, context, speed):
    factor = Fraction(speed)
    count = int(5 * studio.rate / factor)
    clip = studio.clip(_tone(studio), count, speed=factor)
    mixed = studio.joined(mix(studio.plan([clip], count), context))
    assert mixed.shape[1] == count
    cents = 1200 * np.log2(_pitch(mixed[0], studio.rate) / 440)
    assert abs(cents) < 5
    # Nothing is missing at either end.
    edge = studio.rate // 50
    assert np.abs(mixed[0, :edge]).max() > 0.2
    assert np.abs(mixed[0, -edge:]).max() > 0.2


@pytest.mark.parametrize("speed", SPEEDS)
def test_without_pitch_it_is_resampled(studio, context, speed):
    factor = Fraction(speed)
    count = int(4 * studio.rate / factor)
    clip = studio.clip(_tone(studio), count, speed=factor, keep_pitch=False)
    mixed = studio.joined(mix(studio.plan([clip], count), context))
    assert mixed.shape[1] == count
    assert abs(1200 * np.log2(_pitch(mixed[0], studio.rate) / (440 * float(factor)))) < 1
    expected = 0.4 * np.sin(2 * np.pi * 440 * float(factor) * np.arange(count) / studio.rate)
    assert np.abs(mixed[0, 100:] - expected[100:]).max() < 2e-3


@pytest.mark.parametrize("speed", SPEEDS)
def test_stretched_sound_does_not_drift(studio, context, speed):
    """Bursts of tone stay where the speed puts them, within one window of the stretcher."""
    factor = Fraction(speed)
    t = np.arange(20 * studio.rate) / studio.rate
    wave = (0.4 * np.sin(2 * np.pi * 330 * t) * (t % 2 < 1)).astype(np.float32)
    path = studio.save("bursts.wav", np.stack([wave, wave]))
    count = int(20 * studio.rate / factor)
    mixed = studio.joined(mix(studio.plan([studio.clip(path, count, speed=factor)], count), context))
    level = np.convolve(np.abs(mixed[0]), np.ones(200) / 200, "same") > 0.1
    edges = np.nonzero(np.diff(level.astype(int)))[0]
    seconds = np.sort(edges / studio.rate * float(factor))
    for k in range(1, 20):
        assert np.abs(seconds - k).min() < 0.03 * max(1.0, float(factor))


def test_reversed_and_stretched(studio, context):
    wave = np.zeros((2, 4 * studio.rate), np.float32)
    wave[:, : studio.rate] = 0.3 * np.sin(np.arange(studio.rate) * 0.05)
    path = studio.save("r.wav", wave)
    count = 2 * studio.rate
    clip = studio.clip(path, count, source=4, speed=Fraction(2), reversed=True)
    mixed = studio.joined(mix(studio.plan([clip], count), context))
    assert np.abs(mixed[0, : studio.rate * 14 // 10]).max() < 1e-3  # the silent end comes first
    assert np.sqrt(np.mean(mixed[0, -studio.rate // 3 :] ** 2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


def test_speed_one_passes_the_pieces_through():
    pieces = iter([np.zeros((1, 3), np.float32)])
    assert at_speed(pieces, Fraction(1), True, 48000, "mono") is pieces


@pytest.mark.parametrize("speed", [Fraction(0), Fraction(-1), Fraction(1, 1 << 40)])
def test_impossible_speeds_are_refused(speed):
    with pytest.raises(InvalidParameterError, match="sound cannot play at speed"):
        at_speed(iter([]), speed, True, 48000, "mono")
