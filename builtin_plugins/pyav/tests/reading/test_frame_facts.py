from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_pyav.dolby import dolby_tracks
from kadr_pyav.frame_facts import facts_in
from kadr_pyav.probe import probe
from kadr_sdk.media import DolbyVision
from kadr_sdk.output import LightLevels

POINTS = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), (0.3127, 0.329))
DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(40000000,50)"


def film(path: Path, codec: str, format: str = "yuv420p10le", **options: str) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, format
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = 9, 9, 16, 1
        frame: Any = av.VideoFrame.from_ndarray(np.full((72, 64), 500, np.uint16), "yuv420p10le")
        frame = frame.reformat(format=format)
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_mastering_display_content_light_and_chroma_location(tmp_path: Path) -> None:
    told = f"repeat-headers=1:master-display={DISPLAY}:max-cll=1234,400:chromaloc=2:log-level=none"
    video = probe(film(tmp_path / "hdr.mkv", "libx265", **{"x265-params": told})).main_video
    assert video is not None
    assert video.light == LightLevels(POINTS, (0.005, 4000.0), (1234, 400))
    assert video.peak == 1234
    assert video.color.chroma == "topleft"
    assert video.dolby_vision is None


def test_nothing_is_said_where_nothing_is_stated(tmp_path: Path) -> None:
    video = probe(film(tmp_path / "plain.mkv", "libx265", **{"x265-params": "log-level=none"})).main_video
    assert video is not None
    assert (video.light, video.peak, video.color.chroma) == (None, 0.0, "left")


def test_chroma_with_as_many_lines_as_luma_has_a_place_across_alone(tmp_path: Path) -> None:
    """MPEG-2 says top left for 4:2:2, which is left; nothing has to be moved."""
    video = probe(film(tmp_path / "a.mkv", "mpeg2video", "yuv422p")).main_video
    assert video is not None
    assert (video.pixel_format, video.color.chroma) == ("yuv422p", "left")


@pytest.mark.parametrize(
    ("levels", "peak"),
    [
        (LightLevels(POINTS, (0.005, 4000.0)), 4000),
        (LightLevels(content=(600, 100)), 600),
        (LightLevels(POINTS, (0.005, 1000.0), (9000, 100)), 1000),
        (LightLevels(POINTS, (0.0, 0.0), (0, 0)), 0),
    ],
)
def test_the_stated_peak(levels: LightLevels, peak: float) -> None:
    assert levels.peak == peak


def test_words_that_are_not_understood_say_nothing() -> None:
    assert facts_in("n: 0 cl:sideways  side data - Mastering display metadata: oops").light is None
    assert facts_in("n: 0 cl:sideways").chroma == "unknown"


def test_dolby_vision_of_a_phone(media: Path) -> None:
    video = probe(media / "video" / "ax_iphone_dolbyvision_rot.MOV").main_video
    assert video is not None
    assert video.dolby_vision == DolbyVision(profile=8, level=2, compatibility=4)


@pytest.mark.parametrize(
    "data", [b"", b"\0\0\0\x08moov", b"\0\0\0\x18moov\0\0\0\x10trak\0\0\0\x08tkhd", b"\xff" * 64]
)
def test_boxes_that_break_off_say_nothing(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(data)
    assert dolby_tracks(path) == {}
