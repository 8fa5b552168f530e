"""Filters on a clip: in order, before the gains, and from anywhere as from the beginning."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from kadr_pyav import mix as module
from kadr_pyav.mix import mix
from kadr_sdk.effects import FilterSpec
from kadr_sdk.plan import AudioFilters, Ramp

HALF = AudioFilters((FilterSpec.of("volume", volume=0.5, precision="double"),))
LOW = AudioFilters((FilterSpec.of("lowpass", f=200.0, poles=1, precision="f64", transform="tdii"),))
CLIP = AudioFilters(
    (FilterSpec.of("alimiter", limit=0.1, attack=5.0, release=50.0, level=False, latency=True),)
)


def test_filters_come_before_gains(studio, context):
    sound = studio.noise(1)
    path = studio.save("a.wav", sound)
    gains = ((Ramp(0, 40000, 0.0, 1.0),),)
    clip = studio.clip(path, 40000, start=1000, gains=gains, stages=(HALF, CLIP))
    mixed = studio.joined(mix(studio.plan([clip], 48000), context))
    plain = studio.clip(path, 40000, start=1000, stages=(HALF, CLIP))
    filtered = studio.joined(mix(studio.plan([plain], 48000), context))
    assert np.abs(filtered).max() <= 0.1 + 1e-6
    ramp = np.concatenate([np.zeros(1000), np.arange(40000) / 40000, np.zeros(7000)])
    assert np.abs(mixed - filtered * ramp).max() < 1e-7
    assert not mixed[:, 41000:].any()


@pytest.mark.parametrize("stages", [(LOW,), (CLIP,), (LOW, CLIP)])
@pytest.mark.parametrize("more", [{}, {"reversed": True}, {"speed": Fraction(5, 4), "keep_pitch": False}])
def test_a_lead_makes_a_part_sound_as_in_the_whole(studio, context, stages, more):
    path = studio.save("a.wav", studio.noise(4))
    source = Fraction(4) if "reversed" in more else 0
    whole = studio.clip(path, 96000, source=source, stages=stages, **more)
    part = studio.clip(path, 26000, source=source, stages=stages, lead=70000, **more)
    wanted = studio.joined(mix(studio.plan([whole], 96000), context))
    found = studio.joined(mix(studio.plan([part], 26000), context))
    assert wanted.any()
    assert np.array_equal(found, wanted[:, 70000:])


def test_a_clip_that_had_to_wait_goes_on_as_it_was(studio, context, monkeypatch):
    paths = [studio.save(f"{k}.wav", studio.noise(2, k)) for k in range(3)]
    plan = studio.plan([studio.clip(p, 90000, stages=(LOW,)) for p in paths], 90000)
    wanted = studio.joined(mix(plan, context))
    monkeypatch.setattr(module, "_MAX_OPEN", 1)
    assert np.array_equal(studio.joined(mix(plan, context)), wanted)


def test_after_the_media_the_filter_rings_out(studio, context):
    path = studio.save("a.wav", np.full((2, 4800), 0.5, np.float32))
    mixed = studio.joined(mix(studio.plan([studio.clip(path, 9600, stages=(LOW,))], 9600), context))
    assert mixed[0, 4799] == pytest.approx(0.5, abs=1e-3)
    assert (np.diff(np.abs(mixed[0, 4800:6000])) < 0).all()
    assert 0 < mixed[0, 4900] < mixed[0, 4800]
