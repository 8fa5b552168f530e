"""The limiter of true peaks: its ceiling, its place, and that it keeps away from what is quiet."""

from __future__ import annotations

import numpy as np
import pytest
from kadr_pyav.peak_limiter import Peaks, limited

RATE = 48000


def layout(samples):
    return {1: "mono", 2: "stereo"}[samples.shape[0]]


def cut(samples, sizes):
    at = 0
    for size in sizes:
        yield samples[:, at : at + size]
        at += size
    yield samples[:, at:]


def joined(pieces):
    return np.concatenate(list(pieces), axis=1)


def oversampled_peak(samples, times=16):
    """By the Fourier transform, which interpolates a periodic signal exactly."""
    spectrum = np.fft.rfft(samples, axis=1)
    return np.abs(np.fft.irfft(spectrum, samples.shape[1] * times, axis=1)).max() * times


def test_peaks_between_samples_are_seen():
    places = np.arange(RATE // 10) / 4 + 1 / 8  # sampled at 45 degrees: 3 dB below the crest
    tone = np.sin(2 * np.pi * places)[None].astype(np.float32)
    peaks = Peaks("mono")
    found = np.concatenate([peaks.push(tone[:, :1000]), peaks.push(tone[:, 1000:]), peaks.flush()])
    assert np.abs(tone).max() == pytest.approx(0.5**0.5)
    assert found.shape == (tone.shape[1],)
    assert np.maximum(found[1:], found[:-1])[100:-100] == pytest.approx(1, abs=2e-3)


def test_peaks_stand_where_their_samples_do():
    sound = np.zeros((1, 5000), np.float32)
    sound[0, 3000] = 1.0
    peaks = Peaks("mono")
    found = np.concatenate([peaks.push(sound), peaks.flush()])
    assert np.argmax(found) == 3000


def test_the_ceiling_holds_between_samples_from_the_first_on():
    spectrum = np.fft.rfft(np.random.default_rng(5).standard_normal((2, RATE)))
    spectrum[:, 16000:] = 0  # four times oversampling sees this much
    sound = np.fft.irfft(spectrum, RATE).astype(np.float32)
    found = joined(limited(cut(sound, [5000, 7, 20000]), 2.0, -1.0, RATE, layout(sound)))
    assert found.shape == sound.shape
    assert 20 * np.log10(oversampled_peak(found)) <= -1 + 0.15
    assert np.abs(found).max() > 0.5


def test_quiet_sound_keeps_every_bit():
    sound = (np.random.default_rng(1).random((2, 30000)) * 0.2).astype(np.float32)
    assert np.array_equal(joined(limited(cut(sound, [4096, 4096]), 1.0, -1.0, RATE, layout(sound))), sound)


def test_pieces_of_any_size_sound_the_same():
    sound = (np.random.default_rng(2).standard_normal((2, 40000)) * 0.7).astype(np.float32)
    whole = joined(limited(cut(sound, []), 1.0, -3.0, RATE, "stereo"))
    pieces = joined(limited(cut(sound, [1, 100, 3, 20000]), 1.0, -3.0, RATE, "stereo"))
    assert np.abs(pieces - whole).max() < 1e-6  # sums in another order


def test_it_turns_down_before_a_peak_and_lets_go_slowly():
    sound = np.full((1, RATE), 0.1, np.float32)
    sound[:, 20000:20100] = 1.0
    found = joined(limited(cut(sound, []), 1.0, -12.0, RATE, layout(sound)))
    gain = 20 * np.log10(found[0] / sound[0])
    assert (gain[:19700] == 0).all()  # 5 ms are 240 samples, and the edge swings a little before it
    assert gain[19990] < -11
    assert gain[20100:30000] == pytest.approx(
        np.clip(gain[20110] + np.arange(9900) * 60 / RATE, None, 0), abs=0.6
    )
    assert (gain[36000:] == 0).all()
