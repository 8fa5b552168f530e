from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

COUNTS = (50, 1, 2, 7, 60, 3, 30)
TOTAL = sum(COUNTS)
CASES = [
    ("h264", "mp4", "yuv420p", {"preset": "veryfast"}),
    ("h264", "mov", "yuv420p", {"preset": "veryfast"}),
    ("h264", "matroska", "yuv420p", {"preset": "veryfast"}),
    ("h264", "mpegts", "yuv420p", {"preset": "veryfast"}),
    ("hevc", "mp4", "yuv420p10le", {"preset": "ultrafast"}),
    ("hevc", "matroska", "yuv420p", {"preset": "ultrafast"}),
    ("vp9", "webm", "yuv420p", {"preset": "ultrafast"}),
    ("av1", "mp4", "yuv420p10le", {"preset": "ultrafast"}),
    ("prores", "mov", "yuv422p10le", {}),
    ("ffv1", "matroska", "yuv420p", {}),
    ("mpeg2video", "matroska", "yuv420p", {"b_frames": 2}),
]


@pytest.mark.parametrize(("codec", "muxer", "form", "settings"), CASES, ids=lambda v: str(v)[:12])
def test_every_frame_of_parts_encoded_apart_is_there(
    maker: Any, tools: Any, codec: str, muxer: str, form: str, settings: dict[str, Any]
) -> None:
    output = maker.output(codec, muxer, form, **settings)
    parts = maker.parts(output, COUNTS)
    film = list(tools["pictures"](maker.join(parts, None, output)))
    assert [number for number, _, _ in film] == list(range(TOTAL))
    step = 1 / output.video.rate
    start = film[0][1]
    assert all(abs(time - start - k * step) <= Fraction(1, 1000) for k, (_, time, _) in enumerate(film))
    if muxer != "mpegts":
        assert start == 0
    alone = [row[2] for part in parts for row in tools["pictures"](maker.join([part], None, output))]
    assert [picture for _, _, picture in film] == alone
