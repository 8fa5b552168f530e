"""Subtitles by their packets: times, texts, and what only clears the screen."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from kadr_pyav.cues import read_cues
from kadr_sdk.errors import MediaFileError
from kadr_sdk.media import Cue

SRT = """1
00:00:00,500 --> 00:00:01,000
first <i>line</i>
second line

2
00:00:02,000 --> 00:00:03,250
later
"""


def test_a_file_of_subtitles(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text(SRT, "utf-8")
    first, second = read_cues(path, 0)
    assert (first.start, first.end, first.text) == (Fraction(1, 2), Fraction(1), "first line\nsecond line")
    assert second == Cue(Fraction(2), Fraction(13, 4), "later")


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("ae_mov_text_subs.mp4", ["oop", "boop"]),
        ("ae_webvtt_subs.mkv", ["oop", "boop"]),
        ("ax_mkv_srt.mkv", ["This is the first subtitle."]),
        ("ax_mkv_ass.mkv", ["This is the first subtitle."]),
        ("ax_mkv_pgs.mkv", [""]),  # pictures, and a packet that clears the screen
    ],
)
def test_streams_in_containers(media: Path, name: str, texts: list[str]) -> None:
    cues = read_cues(media / "video" / name, 2)
    assert [cue.text for cue in cues] == texts
    assert all(cue.end > cue.start for cue in cues)


def test_no_such_stream(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text(SRT, "utf-8")
    with pytest.raises(MediaFileError, match="there is no subtitle stream 3") as caught:
        read_cues(path, 3)
    assert caught.value.hint == "subtitle streams: 0"
