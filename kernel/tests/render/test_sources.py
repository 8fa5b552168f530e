"""Effects that follow the media of their clip: what they are told, and where they cannot stand."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_sdk.curves import Samples
from kadr_sdk.effects import SourceUse
from kadr_sdk.errors import ValidationError
from kadr_sdk.plan import Call, RenderPlan, walk
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest

FOLLOW = {"effect_type": "follow"}
BEFORE = {"effect_type": "before"}
BRIGHTEN = {"effect_type": "brighten", "parameters": {"value": 1}}


@pytest.fixture
def plan(rig: Any, media: Path) -> Any:
    def make(clip: dict[str, Any], **track: Any) -> RenderPlan:
        clips = [{"id": "c", "source_file": "a.mem", "duration": 1, "effects": [FOLLOW]} | clip]
        rows = [{"id": "v", "clips": clips} | track]
        project = parse_project({"timeline": {"fps": 25, "resolution": [64, 36], "tracks": rows}})
        found = rig.planner.plan(project, media, RenderRequest(media / "out.mp4"))
        assert isinstance(found, RenderPlan)
        return found

    return make


@pytest.fixture
def asked(rig: Any) -> list[SourceUse]:
    found: list[SourceUse] = type(rig.means.catalogue.load("effect", "follow")).asked
    found.clear()
    return found


def times(plan: RenderPlan) -> list[Fraction]:
    """What the calls are told, frame by frame."""
    found: list[Any] = []
    for segment in plan.segments:
        for span in segment.spans:
            for call in (n for n in walk(span.root) if isinstance(n, Call)):
                told = dict(call.values)["source_time"]
                found += told.values if isinstance(told, Samples) else (told,) * span.count
    return found


def test_it_is_told_the_time_in_the_source(plan: Any, asked: list[SourceUse], media: Path) -> None:
    found = plan({"source_start": 1, "start_time": 2})
    assert times(found) == [1 + Fraction(k, 25) for k in range(25)]
    (use,) = asked
    assert (use.first, use.last, use.stream) == (1, 1 + Fraction(24, 25), 0)
    assert use.file == str(media / "a.mem")
    assert use.digest == hashlib.sha256((media / "a.mem").read_bytes()).hexdigest()
    assert use.view == (0.0, 0.0, 1.0, 1.0)


def test_backwards_and_faster(plan: Any) -> None:
    assert times(plan({"reversed": True, "speed": 2.0})) == [Fraction(2 * (24 - k), 25) for k in range(25)]
    assert times(plan({"freeze": 0.4})) == [Fraction(2, 5)] * 25


def test_the_crop_is_told_in_parts_of_the_upright_picture(plan: Any, asked: list[SourceUse]) -> None:
    plan({"crop": {"left": 0.25, "bottom": 0.5}})
    assert asked[0].view == (0.25, 0.0, 0.75, 0.5)


def test_only_where_it_acts_is_asked_for(plan: Any, asked: list[SourceUse]) -> None:
    plan({"duration": 4, "effects": [FOLLOW | {"end_time": 1}]})
    assert (asked[0].first, asked[0].last) == (0, Fraction(24, 25))
    with pytest.raises(ValidationError, match="nothing is known beyond 2 s"):
        plan({"duration": 4})


def test_other_media_is_another_plan(plan: Any) -> None:
    hashes = {plan(clip).hash for clip in ({}, {"source_start": 0.5}, {"crop": {"left": 0.25}})}
    assert len(hashes) == 3
    moved = [plan({"start_time": start}).segments[-1].hash for start in (0, 3)]
    assert moved[0] == plan({}).segments[0].hash


def test_what_moves_pixels_comes_after_it(plan: Any) -> None:
    assert plan({"effects": [FOLLOW, BEFORE]})
    with pytest.raises(ValidationError, match="put it before that effect"):
        plan({"effects": [BEFORE, FOLLOW]})
    with pytest.raises(ValidationError, match="put it before that effect"):
        plan({"effects": [BRIGHTEN, FOLLOW]})  # nobody said that it is pointwise


def test_it_stands_on_clips_of_media(plan: Any) -> None:
    with pytest.raises(ValidationError, match="cannot stand on a track"):
        plan({"effects": []}, effects=[FOLLOW])
    generated = {"source_file": None, "generator": {"type": "plain", "parameters": {"level": 9}}}
    with pytest.raises(ValidationError, match="needs a clip of a media file"):
        plan(generated)
    assert plan({"source_file": "still.mem"})
