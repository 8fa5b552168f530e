"""Effects whose parameters move, and effects that are late."""

from __future__ import annotations

import numpy as np
import pytest
from kadr_pyav.mix import mix
from kadr_pyav.sound_stages import exactly, staged
from kadr_sdk.effects import FilterSpec
from kadr_sdk.plan import AudioFilters, AudioPlan

RATE = 48000
UNASKED = None  # filters ask nothing of the render
CALM = {"level": False, "latency": True}


def run(samples, stage, size=4096):
    pieces = (samples[:, k : k + size] for k in range(0, samples.shape[1], size))
    plan = AudioPlan(RATE, "stereo", 2, samples.shape[1], ())
    return np.concatenate(list(staged(pieces, [stage], plan, UNASKED)), axis=1)


def volume(factor):
    return (FilterSpec.of("volume", volume=factor, precision="double"),)


def low(frequency):
    options = {"f": frequency, "width_type": "q", "width": 0.7, "precision": "f64", "transform": "tdii"}
    return (FilterSpec.of("lowpass", **options),)


@pytest.mark.parametrize("size", [1000, 4096, 30000])
def test_options_change_at_their_sample(studio, size):
    sound = studio.noise(1)
    changes = ((480, volume(0.5)), (481, volume(0.25)), (9000, volume(2.0)), (10**9, volume(0.0)))
    found = run(sound, AudioFilters(volume(1.0), changes), size)
    gain = np.ones(RATE)
    gain[480:], gain[481:], gain[9000:] = 0.5, 0.25, 2.0
    np.testing.assert_allclose(found, sound * gain, atol=1e-7)


def test_a_filter_keeps_what_it_heard(studio):
    """Against the transposed direct form with other coefficients from a sample on (RBJ's cookbook)."""
    sound = studio.noise(0.2)
    found = run(sound, AudioFilters(low(4000.0), ((3000, low(300.0)),)))
    state, wanted = np.zeros((2, 2)), np.zeros(sound.shape)
    for n in range(sound.shape[1]):
        w = 2 * np.pi * (4000.0 if n < 3000 else 300.0) / RATE
        alpha, cos = np.sin(w) / 1.4, np.cos(w)
        b, a = np.array([(1 - cos) / 2, 1 - cos, (1 - cos) / 2]), np.array([1 + alpha, -2 * cos, 1 - alpha])
        b, a, x = b / a[0], a / a[0], sound[:, n].astype(float)
        y = b[0] * x + state[0]
        state = np.array([b[1] * x - a[1] * y + state[1], b[2] * x - a[2] * y])
        wanted[:, n] = y
    assert np.abs(found - wanted).max() < 1e-6


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("acompressor", {"threshold": 0.5, "ratio": 2}, {"threshold": 0.05, "ratio": 8}),
        ("alimiter", {"limit": 0.9} | CALM, {"limit": 0.1} | CALM),
        ("equalizer", {"f": 1000, "g": 0.0}, {"f": 1000, "g": 12.0}),
    ],
)
def test_every_dynamic_filter_takes_them(studio, name, before, after):
    sound = studio.noise(1)
    first, second = ((FilterSpec.of(name, **o),) for o in (before, after))
    found = run(sound, AudioFilters(first, ((RATE // 2, second),)))
    assert found.shape == sound.shape
    early, late = slice(0, RATE // 2 - 500), slice(RATE * 3 // 4, RATE)
    assert np.array_equal(found[:, early], run(sound, AudioFilters(first))[:, early])
    apart = np.abs(found[:, late] - run(sound, AudioFilters(second))[:, late]).max()
    assert apart < 1e-3
    assert np.abs(found[:, late] - run(sound, AudioFilters(first))[:, late]).max() > 10 * apart


def test_what_is_late_is_put_back(studio, context):
    sound = studio.noise(1)
    late = AudioFilters((FilterSpec.of("adelay", delays="777S", all=True),), delay=777)
    assert np.array_equal(run(sound, late)[:, :RATE], sound)
    path = studio.save("a.wav", sound)
    clips = [studio.clip(path, RATE, stages=(late, late)), studio.clip(path, RATE)]
    assert np.array_equal(studio.joined(mix(studio.plan(clips, RATE), context)), sound * 2)


def test_a_limiter_looks_ahead_without_being_late(studio, place):
    clicks = studio.clicks(1, [5000, 24000, 40000])
    limit = {"limit": 0.2, "attack": 5.0, "release": 20.0, "level": False, "latency": True}
    found = run(clicks, AudioFilters((FilterSpec.of("alimiter", **limit),)))
    assert [place(found[0], at) for at in (5000, 24000, 40000)] == [0, 0, 0]
    assert np.abs(found).max() <= 0.2 + 1e-6


def test_exactly_so_many():
    pieces = [np.full((2, n), n, np.float32) for n in (1, 5000, 100)]
    found = list(exactly(iter(pieces), 9000, 2))
    assert [p.shape[1] for p in found] == [4096, 4096, 808]
    whole = np.concatenate(found, axis=1)
    assert np.array_equal(whole[:, :5101], np.concatenate(pieces, axis=1))
    assert not whole[:, 5101:].any()
    assert sum(p.shape[1] for p in exactly(iter(pieces), 17, 2)) == 17
    assert list(exactly(iter(pieces), 0, 2)) == []
