"""Rows say what files really hold: made-up timestamps, and the corpus of real media."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from kadr_scanner.commands.finding import mastering
from kadr_scanner.facts import row_of, uneven
from kadr_scanner.library import Library
from kadr_scanner.query import parse_query
from kadr_scanner.rows import Version
from kadr_scanner.searching import search
from kadr_sdk.media import ONE, DolbyVision, FrameIndex, MediaInfo, VideoStream
from kadr_sdk.output import LightLevels


@pytest.mark.parametrize(
    ("pts", "expected"),
    [
        ((0,), False),
        ((0, 7), False),
        (tuple(range(0, 3000, 30)), False),
        ((0, 33, 67, 100, 133, 167, 200), False),  # 30 frames a second, rounded
        ((0, 1499, 3051, 4497, 5996, 7495), False),  # a camera that jitters
        ((0, 30, 60, 120, 150, 180), True),  # a gap
        ((0, 80, 180, 280, 380, 460, 540, 620), True),
        ((0, 1, 3, 5, 6, 8, 10, 11), False),  # 600 frames a second in milliseconds,
    ],
)
def test_uneven_times(pts: tuple[int, ...], expected: bool) -> None:
    assert uneven(FrameIndex(Fraction(1, 1000), pts, (0,), pts[-1] + 30)) is expected


def test_what_a_picture_was_mastered_for_is_told() -> None:
    light = LightLevels(luminance=(0.005, 1000.0), content=(800, 250))
    video = VideoStream(
        0, "hevc", 64, 48, "yuv420p10le", duration=ONE, light=light, dolby_vision=DolbyVision(8, 4, 1)
    )
    row = row_of(Path("a.mp4"), Version(1, 1, "1"), MediaInfo("a.mp4", "mov", ONE, 1, (video,)))
    assert "dolby" in row.flags.split()
    assert mastering(json.loads(json.dumps(row.facts))) == [
        ("mastered for", "0.005 to 1000 cd/m2, at most 800, a frame 250 cd/m2"),
        ("Dolby Vision", "profile 8.1"),
    ]
    assert mastering({}) == [("mastered for", ""), ("Dolby Vision", "")]


VARIABLE = {
    "ax_mpeg4_mp3.avi",  # a picture is missing
    "moviepy_fire2_phone_rot180_vfr.mp4",
    "si awesome movie.mov",
    "si_mpeg1_weird_aspect.mpg",  # a gap where it was cut
}
ALPHA = {"kd_alpha.mov", "moviepy_vp9_alpha.webm"}
ROTATED = {
    "ax_iphone_dolbyvision_rot.MOV",
    "ax_phone_hevc_rot_3frames.mp4",
    "ax_phone_portrait_4k60_rot.mp4",
    "ax_rotate_and_reflect.mp4",
    "dc_rot180.mov",
    "dc_rot270.mov",
    "dc_rot90.mov",
    "moviepy_fire2_phone_rot180_vfr.mp4",
    "si_ios9_rot.mov",
}
EXPECTED = {
    "has:variable": VARIABLE,
    "has:alpha": ALPHA,
    "has:rotated": ROTATED,
    "has:mirrored": {"ax_rotate_and_reflect.mp4"},
    "has:interlaced": {"me_sony_a7m3_1080i_interlaced.mts"},
    "has:hdr": {"ax_av1_hdr10_portrait.mp4", "ax_hevc_hlg10.mp4", "ax_iphone_dolbyvision_rot.MOV"},
    "has:dolby": {"ax_iphone_dolbyvision_rot.MOV"},
    "has:cover": {"ae_attached_picture.mp4"},
    "has:chapters": {"ax_chapters.mp4"},
    "iphone has:gps": {"ax_iphone_dolbyvision_rot.MOV", "si_ios9_rot.mov"},
    "has:subtitles codec:hevc": set(),
    "state:failed": set(),
}


def test_real_films(library: Library, media: Path) -> None:
    done = library.scan(media / "video")
    assert done.failed == 0
    for query, names in EXPECTED.items():
        assert {r.name for r in search(library.index, parse_query(query), 1000)} == names, query
    fragmented = library.known(media / "video" / "ax_fragmented.mp4")
    assert fragmented.duration == pytest.approx(1.05, abs=0.1), "its header says 143165 s"


def test_broken_files_are_rows_with_a_reason(library: Library, media: Path) -> None:
    library.scan(media / "broken")
    failed = {r.name: r.reason for r in library.index.files("reason != ''")}
    assert len(failed) == 11
    assert failed["ax_encrypted_clearkey.mp4"] == "the file is encrypted (DRM)"
    cut = library.known(media / "broken" / "made_truncated_front_moov.mp4")
    assert cut.duration == pytest.approx(1.001), "its header says 2.002 s"
    assert "cut off" in cut.facts["warnings"][0]["message"]
