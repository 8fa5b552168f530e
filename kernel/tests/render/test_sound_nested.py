"""The sound of sequences and of effects for a while, as the plan says it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_sdk.plan import AudioPlan, media_paths
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest

RATE = 48000
LOUDER = {"effect_type": "louder", "parameters": {"by": 1}}
SONG = {"id": "s", "source_file": "song.mem", "duration": 4}

Mix = Callable[..., AudioPlan]


@pytest.fixture
def mix(rig: Any, media: Path) -> Mix:
    def make(clip: dict[str, Any], request: Any = None, **sequence: Any) -> AudioPlan:
        inner = {"fps": 25, "resolution": [64, 36]} | sequence
        inner.setdefault("tracks", [{"id": "i", "type": "audio", "clips": [SONG]}])
        track = {"id": "t", "type": "audio", "clips": [{"id": "c"} | clip]}
        timeline = {"fps": 25, "resolution": [64, 36], "tracks": [track]}
        project = parse_project({"timeline": timeline, "sequences": {"in": inner}})
        plan = rig.planner.plan(project, media, RenderRequest(media / "o.mp4", **(request or {})), seal=False)
        assert {Path(p).name for p in media_paths(plan)} == {"song.mem"}
        assert isinstance(plan.audio, AudioPlan)
        return plan.audio

    return make


SHOWS = {"sequence": "in"}


def test_what_is_heard_as_it_stands_is_its_clips(mix: Mix) -> None:
    (clip,) = mix(SHOWS).clips
    assert (clip.mix, clip.clip, clip.count) == (None, "s", 4 * RATE)
    flat = LOUDER | {"start_time": 4}  # acts behind the end: never
    (clip,) = mix(SHOWS | {"effects": [flat]}).clips
    assert (clip.mix, clip.stages) == (None, ())


@pytest.mark.parametrize(
    ("clip", "sequence"),
    [
        ({"speed": 2}, {}),
        ({"reversed": True}, {}),
        ({"speed": {"keyframes": [{"time": 0, "value": 1}, {"time": 1, "value": 2}]}, "duration": 2}, {}),
        ({"effects": [LOUDER]}, {}),
        ({}, {"effects": [LOUDER]}),
        ({}, {"pan_law": -3}),
    ],
)
def test_what_is_worked_on_as_a_whole_is_a_mix_of_its_own(mix: Mix, clip: Any, sequence: Any) -> None:
    (found,) = mix(SHOWS | clip, **sequence).clips
    assert (found.path, found.stream, found.clip) == ("", -1, "c")
    assert found.mix is not None
    assert (found.mix.count, [c.clip for c in found.mix.clips]) == (4 * RATE, ["s"])
    assert found.source_start == (4 if clip.get("reversed") else 0)


def test_only_what_the_clip_may_reach_is_mixed(mix: Mix) -> None:
    """From a second before the first that is played, which stretching may look at."""
    (found,) = mix(SHOWS | {"speed": 0.5, "source_start": 2.5}).clips
    assert found.mix is not None
    assert (found.mix.lead, found.mix.count, found.source_start) == (
        0,
        2 * RATE + RATE // 2 + 960,
        1 + Fraction(1, 50),
    )
    (inner,) = found.mix.clips
    assert (inner.start, inner.source_start) == (0, Fraction(37, 25))


def test_effects_within_hear_their_sequence_from_its_beginning(mix: Mix) -> None:
    (found,) = mix(SHOWS | {"source_start": 3}, effects=[LOUDER]).clips
    assert found.mix is not None
    assert (found.mix.lead, found.mix.count, found.source_start) == (2 * RATE, 2 * RATE, 1)


@pytest.mark.parametrize(
    ("times", "acts"),
    [
        ({}, None),
        ({"start_time": 0, "end_time": 9}, None),
        ({"start_time": 1}, (RATE, None)),
        ({"end_time": "1.00001"}, (0, RATE)),
        ({"start_time": "1/3", "end_time": 2}, (16000, 2 * RATE)),
    ],
)
def test_when_an_effect_acts(mix: Mix, times: Any, acts: Any) -> None:
    (found,) = mix(SHOWS | {"effects": [LOUDER | times]}).clips
    assert [stage.acts for stage in found.stages] == [acts]
    part = mix(SHOWS | {"effects": [LOUDER | times]}, request={"range": (Fraction(1), Fraction(2))})
    assert [stage.acts for stage in part.clips[0].stages] == [acts]
