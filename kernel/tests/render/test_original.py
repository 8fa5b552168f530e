"""Documents of the original shape become version 1, render, and lose nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_kernel.render.original import convert_original, is_original
from kadr_sdk.errors import KadrError, ValidationError
from kadr_sdk.project import dump_project, parse_project
from kadr_sdk.rendering import RenderRequest

ORIGINAL: dict[str, Any] = {
    "version": "1.0.0",
    "metadata": {
        "name": "Film", "description": None, "author": "Me",
        "created_at": "2024-01-01T00:00:00Z", "modified_at": "2024-01-02T00:00:00Z",
    },
    "timeline": {
        "duration": 6.0, "fps": 25, "resolution": [64, 36], "sample_rate": 48000, "aspect_ratio": "Ratio16x9",
    },
    "tracks": [
        {
            "id": "5a", "track_type": "Video", "name": "Video 1", "enabled": True, "volume": 1.0,
            "locked": False, "effects": [], "filters": [],
            "clips": [
                {
                    "id": "c1", "source": {"File": "a.mem"}, "start_time": 0.0, "end_time": 4.0,
                    "source_start": 2.0, "source_end": 6.0, "speed": 1.0, "opacity": 1.0, "effects": ["e1"],
                    "filters": ["f1"], "template_id": None, "template_position": None,
                    "color_correction": {
                        "brightness": 3.0, "contrast": 1.0, "saturation": 1.0, "hue": 0.0, "gamma": 1.0,
                        "highlights": 0.2, "shadows": 0.0, "whites": 0.0, "blacks": 0.0,
                    },
                    "crop": {"left": 4, "top": 0, "right": 4, "bottom": 0},
                    "transform": {"scale_x": 0.5, "scale_y": 0.5, "position_x": 0.0, "position_y": 0.0,
                                  "rotation": 0.0, "anchor_x": 0.5, "anchor_y": 0.5},
                    "audio_track_index": None,
                    "properties": {"notes": "first", "tags": [], "custom_metadata": {}},
                },
            ],
        },
        {
            "id": "5b", "track_type": "Audio", "name": "Audio 1", "volume": 0.5, "locked": True,
            "clips": [{"id": "c2", "source": {"File": "song.mem"}, "start_time": 0.0, "source_start": 1.0,
                       "source_end": 9.0, "speed": 2.0}],
        },
    ],
    "effects": [
        {
            "id": "e1", "effect_type": "Brighten", "name": "B", "category": None, "enabled": True,
            "parameters": {"value": {"Float": 5.0}}, "start_time": None, "end_time": None,
        }
    ],
    "transitions": [{"id": "t", "transition_type": "fade"}],
    "filters": [], "templates": [], "style_templates": [], "subtitles": [],
    "settings": {"export": {"format": "Mp4"}},
}  # fmt: skip


def test_only_that_shape_is_taken_for_it() -> None:
    assert is_original(ORIGINAL)
    assert not is_original({"timeline": {"tracks": []}})
    assert not is_original({"tracks": {}, "timeline": {}})
    assert not is_original({"tracks": []})


def test_it_becomes_a_project_of_version_1() -> None:
    project = parse_project(convert_original(ORIGINAL))
    assert (project.metadata.name, project.metadata.author, project.metadata.description) == (
        "Film",
        "Me",
        "",
    )
    assert (project.timeline.fps, project.timeline.resolution) == (25, (64, 36))
    video, audio = project.timeline.tracks
    assert (video.id, video.type, video.name, audio.type, audio.volume, audio.locked) == (
        "5a", "video", "Video 1", "audio", 0.5, True,
    )  # fmt: skip
    clip = video.clips[0]
    assert (clip.source_file, clip.start_time, clip.duration, clip.source_start) == ("a.mem", 0, 4, 2)
    assert clip.transform.scale_x == 0.5
    assert clip.effects[0] == "e1"
    assert audio.clips[0].duration == 4  # 8 seconds of the source at twice the speed
    assert project.effects[0].parameters == {"value": 5.0}


def test_a_colour_correction_becomes_effects() -> None:
    clip = parse_project(convert_original(ORIGINAL)).timeline.tracks[0].clips[0]
    correction = clip.effects[1]
    assert not isinstance(correction, str)
    assert (correction.effect_type, correction.parameters) == ("brightness", {"value": 3.0})
    assert len(clip.effects) == 2
    everything = {"brightness": 0.1, "contrast": 2, "saturation": 0, "hue": 90, "gamma": 2}
    converted = convert_original({"timeline": {}, "tracks": [{"clips": [{"color_correction": everything}]}]})
    uses = converted["timeline"]["tracks"][0]["clips"][0]["effects"]
    assert [(u["effect_type"], u["parameters"]) for u in uses] == [
        ("brightness", {"value": 0.1}),
        ("contrast", {"value": 2}),
        ("saturation", {"value": 0}),
        ("gamma", {"value": 2}),
        ("hue", {"angle": 90}),
    ]


def test_what_has_no_place_is_kept() -> None:
    project = parse_project(dump_project(parse_project(convert_original(ORIGINAL))))
    assert project.extensions["original"] == {
        "transitions": ORIGINAL["transitions"],
        "settings": {"export": {"format": "Mp4"}},
    }
    assert project.timeline.extensions["original"] == {"aspect_ratio": "Ratio16x9"}
    assert project.timeline.tracks[0].clips[0].extensions["original"] == {
        "filters": ["f1"],
        "crop": {"left": 4, "top": 0, "right": 4, "bottom": 0},
        "properties": {"notes": "first", "tags": [], "custom_metadata": {}},
        "color_correction": {"highlights": 0.2},
    }
    assert project.effects[0].extensions["original"] == {"name": "B"}


def test_it_plans(rig: Any, media: Path) -> None:
    data = json.loads(json.dumps(ORIGINAL))
    data["tracks"][0]["clips"][0]["color_correction"] = None
    plan = rig.planner.plan(parse_project(convert_original(data)), media, RenderRequest(media / "out.mp4"))
    assert plan.frames == 100
    assert plan.audio.count == 4 * 48000
    assert {c.clip for c in plan.audio.clips} == {"c1", "c2"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Float": 0.5}, 0.5),
        ({"Int": 3}, 3),
        ({"String": "x"}, "x"),
        ({"Bool": True}, True),
        ({"FloatArray": [1.0, 2.0]}, [1.0, 2.0]),
        ({"FilePath": "a.cube"}, "a.cube"),
        ({"Color": 0x00FF80}, "#00ff80"),
        ({"Color": 0xFF00FF80}, "#00ff80"),
        ("plain", "plain"),
        ({"Float": 1.0, "Int": 1}, {"Float": 1.0, "Int": 1}),
    ],
)
def test_typed_values(value: Any, expected: Any) -> None:
    effect = {"id": "e", "effect_type": "ChromaKey", "parameters": {"p": value}}
    converted = convert_original({"timeline": {}, "tracks": [], "effects": [effect]})
    assert converted["effects"] == [{"id": "e", "effect_type": "chroma_key", "parameters": {"p": expected}}]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"end_time": "x"}, "duration: 'x' is not a number"),
        ({"end_time": -1}, "duration: a duration is longer than nothing, -1 is not"),
        ({"source": {"Stream": "http://x"}}, "exactly one of source_file, generator and sequence is needed"),
        ({"source": "Generated"}, "exactly one of source_file, generator and sequence is needed"),
        ({"speed": 0}, "speed: 0 is outside 0.01..100"),
    ],
)
def test_what_is_wrong_is_said_by_the_parser(change: dict[str, Any], problem: str) -> None:
    data = json.loads(json.dumps(ORIGINAL))
    data["tracks"][0]["clips"][0] |= change
    with pytest.raises(ValidationError) as caught:
        parse_project(convert_original(data))
    assert any(
        str(p).startswith("timeline.tracks[0].clips[0]") and problem in str(p) for p in caught.value.problems
    )


KEYS = (
    "clips source File id end_time start_time source_end speed effects parameters color_correction hue "
    "track_type effect_type Float metadata extensions volume"
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from([1.5, -1e300]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(
    st.lists(values, max_size=3), st.dictionaries(st.sampled_from(["fps", "resolution", "x"]), values), values
)
def test_any_document_is_converted_or_an_error_of_ours(
    tracks: list[Any], timeline: dict[str, Any], more: Any
) -> None:
    data = {"tracks": tracks, "timeline": timeline, "metadata": more, "effects": [more]}
    assert is_original(data)
    try:
        parse_project(convert_original(data))
    except KadrError as error:
        assert str(error)  # noqa: PT017 - either outcome is right
