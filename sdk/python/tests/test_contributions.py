"""Descriptors of exporters and presets, and reports, as plain data."""

from __future__ import annotations

import json

import pytest
from kadr_sdk.contributions import ExporterDescriptor, PresetDescriptor
from kadr_sdk.errors import Problem
from kadr_sdk.reports import CheckReport, RenderReport


def test_exporter() -> None:
    data = {
        "id": "mp4",
        "title": "MP4",
        "muxer": "mp4",
        "extensions": [".mp4", ".m4v"],
        "video_codecs": ["h264"],
    }
    found = ExporterDescriptor.from_dict(data)
    assert found.extensions == (".mp4", ".m4v")
    assert (found.audio_codecs, found.many, found.faststart, found.options) == ((), False, False, None)


def test_preset() -> None:
    found = PresetDescriptor.from_dict(
        {"id": "web", "title": "Web", "container": "mp4", "resolution": [1280, 720], "video": {"crf": 23}}
    )
    assert found.resolution == (1280, 720)
    assert found.video == {"crf": 23}


@pytest.mark.parametrize("shape", [ExporterDescriptor, PresetDescriptor])
def test_unknown_and_missing_keys(shape: type[ExporterDescriptor] | type[PresetDescriptor]) -> None:
    with pytest.raises(ValueError, match=r"unknown key 'viedo'; did you mean 'video'"):
        shape.from_dict({"id": "x", "title": "X", "viedo": {}})
    with pytest.raises(ValueError, match=r"needs .*title"):
        shape.from_dict({"id": "x"})


def test_reports_are_json_ready() -> None:
    check = CheckReport("fast", (Problem("video", "49 frames instead of 50"),))
    assert not check.good
    assert CheckReport("fast").good
    report = RenderReport("j", "o.mp4", 50, 2.0, 10, 1.0, 1, 1, "d", "p", check=check)
    data = json.loads(json.dumps(report.as_dict()))
    assert data["check"]["problems"] == [{"path": "video", "message": "49 frames instead of 50", "hint": ""}]
