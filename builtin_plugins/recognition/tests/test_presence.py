"""When something is seen, and the films that are cut to it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from kadr_recognition.cutting import cut_project, relative
from kadr_recognition.detection import Detection
from kadr_recognition.document import Results, Row
from kadr_recognition.formats import to_markers
from kadr_recognition.presence import Manner, present
from kadr_sdk.errors import InvalidParameterError
from kadr_sdk.media import MediaInfo, VideoStream

F = Fraction


def seen(*seconds: int, cats: tuple[int, ...] = ()) -> Results:
    """A film of twenty seconds, looked at once a second."""
    looked = tuple((25 * n, F(n)) for n in range(20))
    rows = [Row(25 * n, F(n), Detection("dog", 0.9, (0, 0, 1, 1))) for n in seconds]
    rows += [Row(25 * n, F(n), Detection("cat", 0.9, (0, 0, 1, 1))) for n in cats]
    media = {"name": "a", "width": 10, "height": 10, "end": 20}
    return Results(media, {"id": "m"}, {}, looked, tuple(sorted(rows, key=lambda r: r.frame)))


EXACT = Manner(F(0), F(0), F(0))


def test_a_look_counts_up_to_the_next() -> None:
    assert present(seen(3, 4, 8, 19), how=EXACT) == [(3, 5), (8, 9), (19, 20)]
    assert present(seen(), how=EXACT) == []
    assert present(seen(3, cats=(4, 9)), ["cat"], EXACT) == [(4, 5), (9, 10)]


def test_short_absences_padding_and_short_stretches() -> None:
    found = seen(0, 3, 5, 9, 19)
    assert present(found, how=Manner(F(1), F(0), F(0))) == [(0, 1), (3, 6), (9, 10), (19, 20)]
    assert present(found, how=Manner(F(0), F(1, 2), F(2))) == []
    assert present(found, how=Manner(F(0), F(1, 2), F(0)))[:2] == [(0, F(3, 2)), (F(5, 2), F(13, 2))]
    assert present(found, how=Manner(F(1), F(3, 2), F(0)))[-1] == (F(35, 2), 20)


def test_markers_of_a_timeline() -> None:
    rows = json.loads(to_markers(seen(3, 4, 8, cats=(4,))))["markers"]
    assert rows == [
        {"time": 3, "name": "dog", "kind": "note"},
        {"time": 4, "name": "cat", "kind": "note"},
        {"time": 8, "name": "dog", "kind": "note"},
    ]


def info(rate: int | None = 25) -> MediaInfo:
    stream = VideoStream(0, "h264", 321, 180, "yuv420p", rate=None if rate is None else F(rate))
    return MediaInfo("a.mp4", "mp4", F(20), 1, (stream,))


def test_stretches_become_clips_of_whole_frames() -> None:
    found = cut_project(info(), "a.mp4", [(F("1.01"), F("2.01")), (F(2), F(3)), (F(5), F("20.02"))])
    clips = found.timeline.tracks[0].clips
    assert [(c.source_start, c.duration) for c in clips] == [
        (1, F(51, 25) - 1),
        (F(51, 25), F(24, 25)),
        (5, 15),
    ]
    assert [c.start_time for c in clips] == [0, F(26, 25), 2]
    assert (found.timeline.fps, found.timeline.resolution) == (25, (320, 180))


def test_nothing_seen_is_no_film() -> None:
    with pytest.raises(InvalidParameterError, match="nothing to cut to"):
        cut_project(info(), "a.mp4", [])
    assert cut_project(info(None), "a.mp4", [(F(0), F(1))]).timeline.fps == 25


def test_paths_below_the_project_are_relative(tmp_path: Path) -> None:
    assert relative(tmp_path / "films" / "a.mp4", tmp_path / "p.tlp") == "films/a.mp4"
    assert relative(tmp_path / "a.mp4", tmp_path / "sub" / "p.tlp") == str(tmp_path / "a.mp4")
