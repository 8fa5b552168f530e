"""Sound at a speed that varies: places against the integral of the speed, pitch, and exact stretches."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from kadr_pyav.mix import mix
from kadr_pyav.warped import Course
from kadr_sdk.effects import FilterSpec
from kadr_sdk.plan import AudioFilters, Warp

RATE = 48000
FPS = Fraction(25)
HALF = AudioFilters((FilterSpec.of("volume", volume=0.5, precision="double"),))


def curve(speed, seconds):
    """Speeds at the frames' edges."""
    return tuple(Fraction(speed(k / 25)).limit_denominator(10**6) for k in range(round(seconds * 25) + 1))


def ramp(t):
    """1 to 2 and back to 1 within two seconds."""
    return 1 + t if t < 1 else max(1.0, 3 - t)


def places(speeds, count):
    """Source position of every sample: the integral by far smaller steps than frames."""
    fine = np.interp(np.arange(count * 8) / 8, np.arange(len(speeds)) * RATE / 25, [float(s) for s in speeds])
    return np.concatenate([[0.0], np.cumsum((fine[1:] + fine[:-1]) / 2 / 8)])[::8]


def heard(studio, context, sound, count, **more):
    path = studio.save("in.wav", sound, "pcm_f32le")
    return studio.joined(mix(studio.plan([studio.clip(path, count, **more)], count), context))


def test_positions_are_the_integral_of_the_speed():
    speeds = curve(ramp, 3)
    course = Course(Warp(FPS, speeds), RATE, backwards=False)
    np.testing.assert_allclose(course(np.arange(3 * RATE)), places(speeds, 3 * RATE), atol=1e-3)
    assert course(np.array([3 * RATE]))[0] == pytest.approx(4 * RATE, abs=1e-6)


def test_positions_at_frames_are_those_of_the_picture():
    speeds = curve(lambda t: 1 + (t * 7 % 1) ** 2, 2)
    course = Course(Warp(FPS, speeds), RATE, backwards=False)
    sums = np.cumsum([0, *(float((a + b) / 2 / 25) for a, b in pairwise(speeds))])
    np.testing.assert_allclose(course(np.arange(51) * 1920) / RATE, sums, atol=1e-9)


def test_beyond_the_edges_the_speed_stays():
    course = Course(Warp(FPS, curve(lambda t: 1 + t, 1), Fraction(-1, 2)), RATE, backwards=False)
    assert course(np.array([0, 24000, 72000, 96000])) == pytest.approx([-24000, 0, 72000, 120000])


@pytest.mark.parametrize("keep_pitch", [True, False])
@pytest.mark.parametrize("reversed", [True, False])
def test_speed_one_is_the_source_bit_for_bit(studio, context, keep_pitch, reversed):
    sound = studio.noise(2)
    warp = Warp(FPS, (Fraction(1),) * 26, Fraction(int(reversed)))
    more = {"warp": warp, "keep_pitch": keep_pitch, "reversed": reversed, "source": Fraction(1, 2)}
    found = heard(studio, context, sound, RATE, **more)
    part = sound[:, RATE // 2 : RATE * 3 // 2]
    assert np.array_equal(found, part[:, ::-1] if reversed else part)


def test_a_tape_runs_as_the_formula_says(studio, context):
    speeds = curve(ramp, 2)
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE * 4) / RATE)
    found = heard(
        studio,
        context,
        np.stack([tone, -tone]).astype(np.float32),
        2 * RATE,
        warp=Warp(FPS, speeds),
        keep_pitch=False,
    )
    at = Course(Warp(FPS, speeds), RATE, backwards=False)(np.arange(2 * RATE))
    wanted = 0.5 * np.sin(2 * np.pi * 440 * at / RATE)
    assert np.abs(found[0, 100:] - wanted[100:]).max() < 1e-4
    assert np.abs(found[1, 100:] + wanted[100:]).max() < 1e-4


def test_faster_than_the_rate_allows_nothing_folds_back(studio, context):
    tone = 0.5 * np.sin(2 * np.pi * 15000 * np.arange(RATE * 3) / RATE)
    warp = Warp(FPS, (Fraction(5, 2),) * 26)
    found = heard(
        studio, context, np.stack([tone, tone]).astype(np.float32), RATE, warp=warp, keep_pitch=False
    )
    assert np.abs(found[:, 200:-200]).max() < 0.005


@pytest.mark.parametrize("frequency", [110, 440, 3000])
@pytest.mark.parametrize("speed", [0.5, 0.8, 1.3, 2.0])
def test_pitch_is_kept_within_five_cents(studio, context, frequency, speed):
    tone = 0.4 * np.sin(2 * np.pi * frequency * np.arange(RATE * 5) / RATE)
    warp = Warp(FPS, curve(lambda t: speed * (1 + 0.1 * np.sin(t * 3)), 2))
    found = heard(studio, context, np.stack([tone, tone]).astype(np.float32), 2 * RATE, warp=warp)
    spectrum = np.abs(np.fft.rfft(found[0] * np.hanning(2 * RATE), 1 << 20))
    peak = np.argmax(spectrum) * RATE / (1 << 20)
    assert abs(1200 * np.log2(peak / frequency)) < 5
    assert np.abs(found).max() < 0.45


@pytest.mark.parametrize("reversed", [True, False])
@pytest.mark.parametrize(("keep_pitch", "off"), [(True, 0.012), (False, 1 / RATE)])
def test_clicks_stand_where_the_speed_takes_them(studio, context, keep_pitch, off, reversed):
    speeds = curve(ramp, 3)
    clicks = np.zeros((2, 4 * RATE), np.float32)
    bump = np.hanning(65).astype(np.float32)
    at = [20000, 71000, 118000, 155000, 190000]
    for place in at:
        clicks[:, place - 32 : place + 33] = bump
    warp = Warp(FPS, speeds, Fraction(3 if reversed else 0))
    more = {"warp": warp, "keep_pitch": keep_pitch, "reversed": reversed}
    found = heard(studio, context, clicks, 3 * RATE, **more)
    course = Course(warp, RATE, backwards=reversed)(np.arange(3 * RATE))
    for place in at:
        here = int(np.argmin(np.abs(course - place)))
        window = found[0, max(0, here - 1200) : here + 1200]
        there = int(np.argmax(window)) + max(0, here - 1200)
        # Where the speed is 1 again, sound is in its place to the sample, stretched or not.
        slack = 0 if place > 3 * RATE else np.ceil(off * RATE)
        assert abs(there - here) <= slack


@pytest.mark.parametrize("keep_pitch", [True, False])
def test_a_part_is_as_the_whole_and_effects_come_after(studio, context, keep_pitch):
    sound, warp = studio.noise(4), Warp(FPS, curve(ramp, 2))
    more = {"warp": warp, "keep_pitch": keep_pitch, "stages": (HALF,)}
    whole = heard(studio, context, sound, 2 * RATE, **more)
    assert np.array_equal(heard(studio, context, sound, 30000, lead=50000, **more), whole[:, 50000:80000])
    plain = heard(studio, context, sound, 2 * RATE, warp=warp, keep_pitch=keep_pitch)
    np.testing.assert_allclose(whole, plain * 0.5, atol=1e-7)


def test_after_the_media_there_is_silence(studio, context):
    found = heard(studio, context, studio.noise(1), 2 * RATE, warp=Warp(FPS, (Fraction(2),) * 51))
    assert found[:, :20000].any()
    assert not found[:, RATE // 2 + 3000 :].any()
