"""What an importer gave, in its place: media found, timecodes taken off, sizes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_cli.imported import Fitted, fit
from kadr_sdk.color import BT709
from kadr_sdk.errors import MediaFileError
from kadr_sdk.importing import TIMECODED, Imported
from kadr_sdk.media import MediaInfo, VideoStream
from kadr_sdk.project import parse_project


def info(path: Path) -> MediaInfo:
    """An upright film of 25 frames a second whose first frame is labelled 01:00:00:00."""
    if path.suffix == ".bad":
        raise MediaFileError("damaged", path=path)
    stream = VideoStream(0, "h264", 720, 1280, "yuv420p", BT709, rate=Fraction(25), rotation=90)
    return MediaInfo(str(path), "mov", Fraction(10), 1, video=(stream,), timecode="01:00:00:00")


@pytest.fixture
def fitted(tmp_path: Path) -> Callable[..., Fitted]:
    for name in ("lists", "out", "media"):
        (tmp_path / name).mkdir()

    def call(*clips: dict[str, Any], **more: Any) -> Fitted:
        rows = [{"id": f"c{n}", "start_time": n} | clip for n, clip in enumerate(clips)]
        timeline = {"tracks": [{"id": "v", "clips": rows}]} | more.pop("timeline", {})
        found = Imported(parse_project({"timeline": timeline}))
        options: dict[str, Any] = {"media": tmp_path / "media", "size": None, "probe": info} | more
        return fit(found, tmp_path / "lists" / "a.edl", tmp_path / "out" / "a.tlp", **options)

    return call


def clips(found: Fitted) -> Any:
    return found.project.timeline.tracks[0].clips


def test_the_timecode_of_the_first_frame_is_taken_off(fitted: Any, tmp_path: Path) -> None:
    for name in ("a.mov", "b.bad"):
        (tmp_path / "media" / name).touch()
    coded = {"source_file": "a.mov", "extensions": {TIMECODED: True, "mine": 1}, "duration": 1}
    found = fitted(
        coded | {"source_start": 3602},
        coded | {"source_start": 3603, "freeze": 3603},
        coded | {"source_start": 5},
        coded | {"source_start": 6, "source_file": "b.bad"},
        {"source_file": "a.mov", "source_start": 3604, "duration": 1},
    )
    assert [(c.source_start, c.freeze) for c in clips(found)] == [
        (2, None),
        (3, 3),
        (5, None),
        (6, None),
        (3604, None),
    ]
    assert all(TIMECODED not in c.extensions for c in clips(found))
    assert clips(found)[0].extensions == {"mine": 1}
    told = [n.where for n in found.notes if "no earlier timecode" in n.message]
    assert told == ["a.mov", "b.bad"], "each file once"


def test_media_is_found_beside_the_list_then_by_its_name(fitted: Any, tmp_path: Path) -> None:
    for name in ("lists/near.mov", "media/far.mov", "media/take_1.mxf", "media/two.a", "media/two.b"):
        (tmp_path / name).touch()
    names = ["near.mov", "/nowhere/far.mov", r"D:\films\far.mov", "TAKE_1", "two", "gone.mov", "", "a\0b"]
    found = fitted(*({"source_file": name, "duration": 1} for name in names))
    assert [c.source_file for c in clips(found)[:4]] == [
        "../lists/near.mov",
        "../media/far.mov",
        "../media/far.mov",
        "../media/take_1.mxf",
    ]
    assert found.missing == ["two", "gone.mov", "", "a\0b"]
    assert [c.source_file for c in clips(found)[4:]] == found.missing, "they stay as they were"


def test_the_size_is_that_of_the_first_pictures(fitted: Any, tmp_path: Path) -> None:
    (tmp_path / "media" / "a.mov").touch()
    clip = {"source_file": "a.mov", "duration": 1}
    assert fitted(clip).project.timeline.resolution == (1280, 720), "upright"
    assert fitted(clip, size=(64, 36)).project.timeline.resolution == (64, 36)
    assert fitted(clip, timeline={"resolution": [320, 180]}).project.timeline.resolution == (320, 180)
    assert "see --size" in fitted({"source_file": "none", "duration": 1}).notes[-1].message
