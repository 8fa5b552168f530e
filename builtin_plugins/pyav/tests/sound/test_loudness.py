"""Loudness: signals after EBU Tech 3341 and 3342, and what a mix is brought to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from kadr_pyav.loudness import Meter
from kadr_pyav.loudness import measured as loudness_of
from kadr_pyav.mix import mix
from kadr_sdk.effects import FilterSpec
from kadr_sdk.frames import AudioBlock
from kadr_sdk.plan import AudioFilters, LoudnessTarget

RATE = 48000


def sine(levels, rate=RATE, frequency=1000.0, channels=2):
    """Stretches of a sine, one (dBFS of the peak, seconds) after the other, in every channel."""
    count = sum(round(seconds * rate) for _, seconds in levels)
    gain = np.concatenate([np.full(round(s * rate), 10 ** (level / 20)) for level, s in levels])
    tone = gain * np.sin(2 * np.pi * frequency * np.arange(count) / rate)
    return np.tile(tone.astype(np.float32), (channels, 1))


def measured(samples, rate=RATE, layout="stereo"):
    meter = Meter(rate, layout)
    for first in range(0, samples.shape[1], 24000):
        meter.add(samples[:, first : first + 24000])
    return meter.result()


@pytest.mark.parametrize(
    ("levels", "wanted"),
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),  # the relative gate
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),  # and the absolute one
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
)
def test_integrated_as_in_tech_3341(levels, wanted):
    assert measured(sine(levels)).integrated == pytest.approx(wanted, abs=0.1)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_any_rate(rate):
    assert measured(sine([(-23, 5)], rate), rate).integrated == pytest.approx(-23, abs=0.1)


def test_five_channels_are_weighted():
    levels = {"FL": -28, "FR": -28, "FC": -24, "LFE": 0, "BL": -30, "BR": -30}  # Tech 3341, case 6
    channels = [sine([(v, 20)], channels=1)[0] for v in levels.values()]
    assert measured(np.stack(channels), layout="5.1").integrated == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize(
    ("levels", "wanted"),
    [
        ([(-20, 20), (-30, 20)], 10),
        ([(-20, 20), (-15, 20)], 5),
        ([(-40, 20), (-20, 20)], 20),
        ([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], 15),
    ],
)
def test_range_as_in_tech_3342(levels, wanted):
    assert measured(sine(levels)).range == pytest.approx(wanted, abs=1)


@pytest.mark.parametrize(("phase", "wanted"), [(0, -6), (45, -6), (60, -6), (67.5, -6)])
def test_true_peak_as_in_tech_3341(phase, wanted):
    """A quarter of the rate, of amplitude 0.5, whatever samples it is caught at."""
    places = np.arange(RATE) / 4 + phase / 360
    tone = 0.5 * np.sin(2 * np.pi * places) * np.clip(np.arange(RATE) / 4800, 0, 1)
    peak = measured(np.tile(tone.astype(np.float32), (2, 1))).true_peak
    assert wanted - 0.4 <= peak <= wanted + 0.2


@pytest.mark.parametrize("phase", [0, 45, 60, 67.5])
def test_a_true_peak_beyond_full_scale(phase):
    """Tech 3341, case 19: amplitude 1.41 is +3 dBTP, though its samples may be lower."""
    places = np.arange(RATE) / 4 + phase / 360
    tone = 1.41 * np.sin(2 * np.pi * places) * np.clip(np.arange(RATE) / 4800, 0, 1)
    peak = measured(np.tile(tone.astype(np.float32), (2, 1))).true_peak
    assert 3 - 0.4 <= peak <= 3 + 0.2


def test_silence_has_no_loudness():
    assert measured(np.zeros((2, RATE), np.float32)).facts() == {
        "integrated": None,
        "range": None,
        "true_peak": None,
    }


def by_the_standard(samples):
    """ITU-R BS.1770-4 in numpy: K-weighting by its transfer function, blocks of 0.4 s, two gates."""
    size = samples.shape[1] + RATE  # the tail of the filters does not come round
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    weighted = np.fft.irfft(np.fft.rfft(samples, size) * shelf * high, size)[:, : samples.shape[1]]
    step = RATE // 10
    energy = (
        (weighted[:, : samples.shape[1] // step * step] ** 2).reshape(2, -1, step).mean(axis=2).sum(axis=0)
    )
    blocks = np.convolve(energy, np.full(4, 0.25), "valid")
    loud = blocks[-0.691 + 10 * np.log10(blocks) > -70]
    gate = -0.691 + 10 * np.log10(loud.mean()) - 10
    loud = loud[-0.691 + 10 * np.log10(loud) > gate]
    return -0.691 + 10 * np.log10(loud.mean())


@pytest.mark.parametrize("seed", [1, 2])
def test_integrated_by_the_formula_of_the_standard(seed):
    rng = np.random.default_rng(seed)
    steps = np.repeat(10 ** (rng.uniform(-60, -5, 24) / 20), RATE // 4)
    sound = (rng.standard_normal((2, steps.size)) * steps * 0.3).astype(np.float32)
    assert measured(sound).integrated == pytest.approx(by_the_standard(sound), abs=0.02)


@pytest.fixture
def brought(studio, context):
    def run(sound, integrated, true_peak=-1.0, **more):
        path = studio.save("in.wav", sound, "pcm_f32le")
        plan = studio.plan([studio.clip(path, sound.shape[1])], sound.shape[1])
        plan = replace(plan, loudness=LoudnessTarget(integrated, true_peak), **more)
        return studio.joined(mix(plan, context))

    return run


def test_one_gain_is_all_where_peaks_allow_it(brought, context):
    sound = sine([(-30, 3), (-20, 3)])
    found = brought(sound, -23)
    heard = np.abs(sound) > 0.01
    ratios = found[heard] / sound[heard]
    assert np.ptp(ratios) < 1e-6
    assert measured(found).integrated == pytest.approx(-23, abs=0.1)
    assert context.advanced == sound.shape[1]
    assert not context.warnings


def test_what_is_loud_enough_is_not_touched(brought):
    sound = sine([(-23, 3)])
    reached = measured(sound).integrated
    assert np.array_equal(brought(sound, reached), sound)


@pytest.mark.parametrize("target", [-14.0, -16.0])
def test_peaks_are_limited_and_the_loudness_comes_out(brought, context, target):
    sound = sine([(-24, 6)], frequency=220)
    rng = np.random.default_rng(3)
    for at in rng.integers(1000, sound.shape[1] - 1000, 40):
        sound[:, at : at + 400] *= 8
    found = brought(sound, target)
    loudness = measured(found)
    assert loudness.integrated == pytest.approx(target, abs=0.1)
    assert loudness.true_peak <= -1.0 + 0.02
    assert found.shape == sound.shape
    assert not context.warnings
    again = brought(sound, target)
    assert np.array_equal(found, again)


def test_where_peaks_leave_no_room_it_is_said(brought, context):
    found = brought(sine([(-40, 4)]), -3.0, -9.0)
    assert measured(found).true_peak <= -9 + 0.02
    ((text, path, hint),) = context.warnings
    assert (path, hint) == (
        "export.audio.loudness",
        "peaks leave no room below -9 dBTP: compress it, or ask for less",
    )
    assert text.endswith("LUFS instead of -3")


def test_silence_is_left_as_it_is(brought, context):
    assert not brought(np.zeros((2, RATE), np.float32), -23).any()
    assert len(context.warnings) == 1


def test_only_what_is_delivered_is_measured(brought):
    sound = sine([(-6, 2), (-30, 4)])
    half = AudioFilters((FilterSpec.of("volume", volume=0.5, precision="double"),))
    path_of_whole = brought(sound, -23, stages=(half,), lead=2 * RATE, count=4 * RATE)
    assert path_of_whole.shape[1] == 4 * RATE
    assert measured(path_of_whole).integrated == pytest.approx(-23, abs=0.1)


def test_blocks_are_measured_as_they_come():
    seconds = np.arange(48000 * 4) / 48000
    tone = (10 ** (-20 / 20) * np.sin(2 * np.pi * 1000 * seconds)).astype(np.float32)
    blocks = (AudioBlock(np.stack([tone[n : n + 7000]] * 2), 48000, n) for n in range(0, len(tone), 7000))
    found = loudness_of(blocks).facts()
    assert found["integrated"] == pytest.approx(-20.0, abs=0.1)
    assert found["true_peak"] == pytest.approx(-20.0, abs=0.1)
    assert loudness_of(()).facts() == {"integrated": None, "range": None, "true_peak": None}
