"""Every field of the format, with the default that its table gives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kadr_sdk.project import dump_project, parse_project, project_schema
from kadr_sdk.project.model import Model, Project

EXAMPLE = """{
  "version": "1.0.0",
  "metadata": {"id": "holiday", "name": "Holiday"},
  "timeline": {
    "fps": "30000/1001", "resolution": [1920, 1080], "sample_rate": 48000,
    "tracks": [
      {"id": "v1", "type": "video",
       "clips": [
         {"id": "a", "source_file": "beach.mp4", "start_time": 0, "duration": 5, "source_start": 2.5,
          "effects": ["warm"]},
         {"id": "b", "source_file": "boat.mov", "start_time": 4, "duration": 6,
          "transform": {"scale_x": {"keyframes": [{"time": 0, "value": 1.0},
                                                  {"time": 6, "value": 1.2, "easing": "ease-in-out"}]}}}
       ],
       "transitions": [{"id": "t1", "transition_type": "dissolve", "between": ["a", "b"]}]},
      {"id": "v2", "type": "video",
       "clips": [{"id": "pip", "source_file": "face.mp4", "start_time": 1, "duration": 3,
                  "transform": {"scale_x": 0.25, "scale_y": 0.25, "position_x": 0.35, "position_y": -0.35}}]},
      {"id": "a1", "type": "audio", "volume": 0.8,
       "clips": [{"id": "m", "source_file": "song.mp3", "start_time": 0, "duration": 10, "fade_out": 1.0}]}
    ]
  },
  "effects": [{"id": "warm", "effect_type": "brightness", "parameters": {"value": 0.05}}],
  "export": {"preset": "youtube-1080p"}
}"""

# The table of the format: object, field, default as JSON; ... means that the field is needed.
FIELDS: dict[str, dict[str, Any]] = {
    "Metadata": {
        "id": "untitled", "name": "", "description": "", "author": "", "created_at": "", "modified_at": "",
    },
    "Timeline": {
        "fps": 30, "resolution": [1920, 1080], "sample_rate": 48000, "channels": "stereo", "pan_law": 0,
        "effects": [], "color": "bt709",
        "background": "#000000", "tracks": [], "markers": [],
    },
    "Marker": {"time": ..., "name": "", "color": "", "kind": "note"},
    "Track": {
        "id": ..., "name": "", "type": "video", "enabled": True, "locked": False, "muted": False,
        "solo": False, "volume": 1, "pan": 0, "duck": None, "opacity": 1, "blend": "normal",
        "effects": [], "clips": [],
        "transitions": [],
    },
    "Duck": {
        "under": ..., "amount": -12, "threshold": -40, "attack": 0.2, "hold": 0.5, "release": 0.8,
    },
    "Clip": {
        "id": ..., "source_file": None, "generator": None, "sequence": None,
        "source_rate": None,
        "stream": {"extensions": {}, "video": None, "audio": None},
        "start_time": 0, "duration": None, "source_start": 0, "speed": 1, "reversed": False, "freeze": None,
        "keep_pitch": True, "past_end": "error", "opacity": 1, "blend": "normal", "fit": "contain",
        "deinterlace": "auto", "effects": [], "volume": 1, "pan": 0, "muted": False,
        "fade_in": 0, "fade_out": 0,
        "transform": {
            "extensions": {}, "scale_x": 1, "scale_y": 1, "position_x": 0, "position_y": 0, "rotation": 0,
            "anchor_x": 0.5, "anchor_y": 0.5,
        },
        "crop": {"extensions": {}, "left": 0, "top": 0, "right": 0, "bottom": 0},
    },
    "Generator": {"type": ..., "parameters": {}},
    "Mask": {"type": ..., "parameters": {}, "inputs": []},
    "EffectUse": {
        "id": "", "effect_type": ..., "parameters": {}, "inputs": [], "mask": None, "enabled": True,
        "start_time": None, "end_time": None,
    },
    "TransitionUse": {
        "id": "", "transition_type": ..., "between": ..., "duration": None, "alignment": "center",
        "direction": "", "easing": "linear", "parameters": {}, "audio": "crossfade",
    },
    "Export": {
        "preset": None, "container": None, "video": None, "audio": None, "resolution": None, "fps": None,
        "range": None, "faststart": None, "smart_copy": None, "metadata": {}, "chapters": True,
        "renditions": [],
    },
    "NamedExport": {
        "preset": None, "container": None, "video": None, "audio": None, "resolution": None, "fps": None,
        "range": None, "faststart": None, "smart_copy": None, "metadata": {}, "chapters": True,
        "renditions": [],
        "id": ..., "output": ...,
    },
    "Rendition": {"name": ..., "max_resolution": ..., "video": None, "audio": None},
    "VideoExport": {
        "codec": None, "encoder": None, "crf": None, "bitrate": None, "maxrate": None, "bufsize": None,
        "quality": None, "preset": None, "profile": None, "level": None, "pixel_format": None, "color": None,
        "gop": None, "b_frames": None, "two_pass": None, "mastering_display": None, "content_light": None,
        "options": {},
    },
    "MasteringDisplay": {
        "red": [0.68, 0.32], "green": [0.265, 0.69], "blue": [0.15, 0.06], "white": [0.3127, 0.329],
        "min_luminance": 0.0001, "max_luminance": 1000,
    },
    "ContentLight": {"max_cll": ..., "max_fall": ...},
    "AudioExport": {"codec": None, "bitrate": None, "sample_rate": None, "channels": None, "loudness": None},
    "Loudness": {"integrated": -23, "true_peak": -1},
}  # fmt: skip


NEEDED: dict[str, dict[str, Any]] = {
    "Clip": {"id": "x"},
    "ContentLight": {"max_cll": 1000, "max_fall": 400},
    "EffectUse": {"effect_type": "x"},
    "Generator": {"type": "x"},
    "Marker": {"time": 0},
    "NamedExport": {"id": "x", "output": "x.mp4"},
    "Rendition": {"name": "x", "max_resolution": [640, 360]},
    "Mask": {"type": "x"},
    "Track": {"id": "x"},
    "Duck": {"under": ["x"]},
    "TransitionUse": {"transition_type": "x", "between": ["a", "b"]},
}


def models() -> dict[str, type[Model]]:
    found = Model.__subclasses__()
    return {m.__name__: m for m in (*found, *(n for m in found for n in m.__subclasses__()))}


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_fields_and_defaults(name: str) -> None:
    model, expected = models()[name], FIELDS[name]
    assert set(model.model_fields) == set(expected) | {"extensions"}
    needed = {key for key, field in model.model_fields.items() if field.is_required()}
    assert needed == {key for key, value in expected.items() if value is ...}
    made = model.model_validate(NEEDED.get(name, {})).model_dump(mode="json")
    assert {k: made[k] for k in expected if k not in needed} == {
        k: v for k, v in expected.items() if v is not ...
    }


def test_the_example_of_the_format() -> None:
    project = parse_project(EXAMPLE)
    assert project.timeline.fps.denominator == 1001
    first, second = project.timeline.tracks[0].clips
    assert (first.source_start * 2, first.effects) == (5, ("warm",))
    assert second.transform.scale_x.at(second.duration) == 1.2  # type: ignore[union-attr,arg-type]  # a curve
    assert project.timeline.tracks[2].clips[0].fade_out == 1
    assert parse_project(dump_project(project)) == project


def test_the_schema_knows_every_object() -> None:
    schema = project_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(FIELDS) <= set(schema["$defs"])
    assert set(schema["properties"]) == set(Project.model_fields)
    for name, definition in schema["$defs"].items():
        assert definition["additionalProperties"] is False, name
    json.dumps(schema)


def test_an_empty_document_is_an_empty_project() -> None:
    assert parse_project("{}") == Project()
    assert json.loads(dump_project(Project())) == {"version": "1.0.0"}
