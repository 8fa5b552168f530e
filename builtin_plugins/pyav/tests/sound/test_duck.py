"""Ducking: gains against the formula of the documents, and a bus that makes way for another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from kadr_pyav.duck import duck_gains
from kadr_pyav.mix import mix
from kadr_pyav.sound import Stream
from kadr_sdk.plan import AudioBus, Duck, Ramp

RATE = 48000
STEP = RATE // 100


def wanted(loud, duck, total):
    """The gain in decibels at every sample: the plain reading of the formula."""
    steps = len(loud)
    held = [any(loud[max(0, k - duck.hold) : k + 1]) for k in range(steps)]
    down = {k + side for k, h in enumerate(held) if h for side in (0, 1)}
    levels = []
    for n in range(steps + 1):
        to = min([duck.attack, *(d - n for d in down if d >= n)])
        since = min([duck.release, *(n - d for d in down if d <= n)])
        levels.append(duck.amount * max(1 - to / duck.attack, 1 - since / duck.release))
    return np.interp(np.arange(total), np.arange(steps + 1) * STEP, levels)


@pytest.mark.parametrize(
    "duck",
    [
        Duck((0,), -40, -12, 20, 50, 80),
        Duck((0,), -40, -60, 1, 0, 1),
        Duck((0,), -20, -6, 300, 3, 500),
    ],
)
@pytest.mark.parametrize("block", [100, 24000])
def test_gains_follow_the_formula(duck, block):
    rng = np.random.default_rng(7)
    steps = 400
    loud = np.repeat(rng.random(steps // 20) < 0.3, 20)
    levels = np.where(loud, duck.threshold + 0.1, duck.threshold - 0.1)
    key = np.repeat(10 ** (levels / 20), STEP) * np.where(np.arange(steps * STEP) % 2, 1, -1)
    sound = np.stack([key, key * 0.5]).astype(np.float32)
    gains = duck_gains(duck, [Stream(iter([sound]), 2)], RATE, steps * STEP)
    found = np.concatenate([gains.read(block) for _ in range(steps * STEP // block)])
    np.testing.assert_allclose(20 * np.log10(found), wanted(loud, duck, found.size), atol=1e-9)


def test_after_the_end_of_the_keys_it_comes_back_to_exactly_one():
    duck = Duck((0,), -40, -12, 2, 3, 4)
    gains = duck_gains(duck, [Stream(iter([np.ones((1, STEP), np.float32)]), 1)], RATE, 30 * STEP)
    found = gains.read(30 * STEP)
    assert found[0] == pytest.approx(10 ** (-12 / 20))
    assert (found[8 * STEP :] == 1.0).all()
    assert (found[: 8 * STEP] < 1.0).all()


@pytest.fixture
def scene(studio):
    music, voice = studio.noise(4, 1), np.zeros((2, 4 * RATE), np.float32)
    voice[:, RATE : 2 * RATE] = studio.noise(1, 2)
    clips = [
        studio.clip(studio.save("music.wav", music), 4 * RATE, bus=1),
        studio.clip(studio.save("voice.wav", voice), 4 * RATE, bus=0),
    ]
    duck = Duck((0,), -40, -12, 20, 10, 50)
    plan = replace(studio.plan(clips, 4 * RATE), buses=(AudioBus(), AudioBus(duck=duck)))
    loud = [RATE <= k * STEP < 2 * RATE for k in range(400)]
    return plan, music, voice, 10 ** (wanted(loud, duck, 4 * RATE) / 20)


def test_music_makes_way_for_a_voice(studio, context, scene):
    plan, music, voice, gain = scene
    found = studio.joined(mix(plan, context))
    np.testing.assert_allclose(found, music * gain + voice, atol=2e-7)
    assert np.array_equal(found[:, : RATE - 20 * STEP], music[:, : RATE - 20 * STEP])


def test_a_part_is_as_the_whole(studio, context, scene):
    plan = scene[0]
    whole = studio.joined(mix(plan, context))
    part = replace(plan, lead=90000, count=30000, trail=4 * RATE - 120000)
    assert np.array_equal(studio.joined(mix(part, context)), whole[:, 90000:120000])


def test_the_gain_of_a_bus_counts_in_the_mix(studio, context):
    sound = studio.noise(1)
    clip = studio.clip(studio.save("a.wav", sound), 30000, start=10000, bus=0)
    bus = AudioBus(gains=((Ramp(0, 48000, 0.0, 1.0),),))
    found = studio.joined(mix(replace(studio.plan([clip], 48000), buses=(bus,)), context))
    ramp = np.arange(48000) / 48000
    np.testing.assert_allclose(found[:, 10000:40000], sound[:, :30000] * ramp[10000:40000], atol=1e-7)
    assert not found[:, :10000].any()


def test_many_buses_hold_few_files_open(studio, context, monkeypatch):
    monkeypatch.setattr("kadr_pyav.mix._MAX_OPEN", 2)
    paths = [studio.save(f"{n}.wav", studio.noise(1, n)) for n in range(6)]
    clips = [studio.clip(p, RATE, bus=n % 3) for n, p in enumerate(paths)]
    plan = replace(studio.plan(clips, RATE), buses=(AudioBus(),) * 3)
    found = studio.joined(mix(plan, context))
    np.testing.assert_allclose(found, sum(studio.noise(1, n) for n in range(6)), atol=3e-7)
