"""Limits of a platform against the facts of a file."""

from __future__ import annotations

from typing import Any

import pytest
from kadr_sdk.compliance import Limits, comply, plain_name

FACTS: dict[str, Any] = {
    "seconds": 12.5,
    "bytes": 2_000_000,
    "video": {
        "codec": "h264", "profile": "High 4:2:2", "level": "4.1", "pixel_format": "yuv422p", "width": 1080,
        "height": 1920, "rate": "30000/1001", "bitrate": 5_000_000,
    },
    "audio": {"codec": "aac", "sample_rate": 48000, "channels": 2, "bitrate": 192_000},
    "loudness": {"integrated": -14.3, "true_peak": -0.5},
}  # fmt: skip

CASES: list[tuple[dict[str, Any], bool]] = [
    ({"video_codec": ["h264", "hevc"]}, True),
    ({"video_codec": ["av1"]}, False),
    ({"profile": ["high422"]}, True),
    ({"profile": ["high"]}, False),
    ({"max_level": "4.1"}, True),
    ({"max_level": "4"}, False),
    ({"pixel_format": ["yuv420p"]}, False),
    ({"resolution": [1080, 1920]}, True),
    ({"resolution": [1920, 1080]}, False),
    ({"max_resolution": [1920, 1080]}, True),
    ({"max_resolution": [1280, 1280]}, False),
    ({"aspect": "9:16"}, True),
    ({"aspect": "16:9"}, False),
    ({"max_fps": "30"}, True),
    ({"max_fps": "29"}, False),
    ({"video_bitrate": [0, 5_000_000]}, True),
    ({"video_bitrate": [5_000_001, 9_000_000]}, False),
    ({"audio_codec": ["aac"]}, True),
    ({"sample_rate": [44100]}, False),
    ({"channels": [1, 2]}, True),
    ({"audio_bitrate": [0, 128_000]}, False),
    ({"max_seconds": 12.5}, True),
    ({"max_seconds": 12}, False),
    ({"max_bytes": 1_999_999}, False),
    ({"loudness": [-14, 0.5]}, True),
    ({"loudness": [-23, 1]}, False),
    ({"max_true_peak": -1.0}, False),
]


@pytest.mark.parametrize(("limits", "good"), CASES)
def test_rules(limits: dict[str, Any], good: bool) -> None:
    (rule,) = comply(Limits.from_dict(limits), FACTS)
    assert rule.good == good


@pytest.mark.parametrize("limits", [case for case, good in CASES if good])
def test_what_is_not_there_is_not_good(limits: dict[str, Any]) -> None:
    (rule,) = comply(Limits.from_dict(limits), {"video": {}, "audio": None})
    assert not rule.good
    assert "not found" in str(rule)


def test_texts() -> None:
    rules = comply(Limits.from_dict({"max_fps": "25", "video_bitrate": [0, 1_000_000]}), FACTS)
    assert [str(r) for r in rules] == [
        "fps is 29.97 fps, at most 25 fps is asked",
        "video bitrate is 5000 kbit/s, 0 to 1000 kbit/s is asked",
    ]
    assert comply(Limits(), FACTS) == ()
    with pytest.raises(ValueError, match=r"unknown limit 'max_fsp'.*max_fps"):
        Limits.from_dict({"max_fsp": 1})
    assert plain_name("Constrained Baseline") == "constrainedbaseline"
