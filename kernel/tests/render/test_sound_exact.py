"""Which mixes have the same samples on every processor."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kadr_kernel.render.sound_exact import is_exact
from kadr_sdk.effects import FilterSpec
from kadr_sdk.output import AudioEncoding
from kadr_sdk.plan import AudioBus, AudioClip, AudioFilters, AudioPlan, LoudnessTarget, Ramp

FLAC = AudioEncoding("flac", 48000, "stereo")
FADE = Ramp(0, 100, 0.0, 1.0)
CLIP = AudioClip("/a.wav", 1, 0, 1000, Fraction(0), gains=((FADE,),), reversed=True)
PLAN = AudioPlan(48000, "stereo", 2, 1000, (CLIP,), (AudioBus(gains=((FADE,),)),))
FILTER = AudioFilters((FilterSpec.of("volume", volume=2.0),))


def exact(plan: AudioPlan = PLAN, encoding: AudioEncoding = FLAC, **stream: Any) -> bool:
    found = {"index": 1, "codec": "pcm_s16le", "rate": 48000, "layout": "stereo"} | stream

    def probe(path: Path) -> Any:
        assert path == Path("/a.wav")
        return SimpleNamespace(audio=[SimpleNamespace(**found)])

    return is_exact(plan, encoding, probe)


def test_lossless_in_and_out_and_nothing_between() -> None:
    assert exact()
    assert exact(codec="flac")
    assert exact(encoding=AudioEncoding("pcm_s24le", 48000, "stereo"))


@pytest.mark.parametrize("stream", [{"codec": "mp3"}, {"rate": 44100}, {"layout": "mono"}, {"index": 2}])
def test_a_source_that_is_decoded_or_resampled_in_floats_is_not(stream: dict[str, Any]) -> None:
    assert not exact(**stream)


def test_a_lossy_encoder_is_not() -> None:
    assert not exact(encoding=AudioEncoding("aac", 48000, "stereo"))


@pytest.mark.parametrize(
    "change",
    [
        {"speed": Fraction(2)},
        {"stages": (FILTER,)},
        {"pan": (FADE,)},
        {"gains": ((replace(FADE, shape="sine"),),)},
    ],
)
def test_a_clip_that_is_worked_on_is_not(change: dict[str, Any]) -> None:
    assert not exact(replace(PLAN, clips=(replace(CLIP, **change),)))


@pytest.mark.parametrize(
    "change",
    [
        {"stages": (FILTER,)},
        {"loudness": LoudnessTarget(-14.0, -1.0)},
        {"buses": (AudioBus(stages=(FILTER,)),)},
        {"buses": (AudioBus(gains=((replace(FADE, shape="sine"),),)),)},
    ],
)
def test_a_mix_that_is_worked_on_is_not(change: dict[str, Any]) -> None:
    assert not exact(replace(PLAN, **change))


def test_what_is_not_exact_is_not_portable() -> None:
    assert PLAN.portable
    assert not replace(PLAN, exact=False).portable
