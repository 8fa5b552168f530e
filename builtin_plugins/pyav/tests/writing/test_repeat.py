"""The same frames give the same bytes, in every session and at every size tried here.

``tests/benchmarks/repeat_encodes.py`` tries larger sizes, twenty times each.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from kadr_pyav.encode import encode_frames
from kadr_sdk.output import VideoEncoding
from kadr_sdk.parts import PartWriter

CASES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("h264", "mp4", "yuv420p", {"preset": "medium"}),
    ("h264", "mp4", "yuv420p", {"bitrate": 500_000}),
    ("hevc", "mp4", "yuv420p10le", {"preset": "fast"}),
    ("av1", "mp4", "yuv420p10le", {"preset": "superfast"}),
    ("vp9", "webm", "yuv420p", {"preset": "veryfast"}),
    ("prores", "mov", "yuv422p10le", {"profile": "lt"}),
    ("ffv1", "matroska", "yuv420p", {}),
    ("mpeg2video", "mpegts", "yuv420p", {"b_frames": 2}),
]


@pytest.mark.parametrize(("codec", "muxer", "form", "settings"), CASES)
def test_encoding_repeats_byte_for_byte(
    maker: Any, tools: Any, tmp_path: Path, codec: str, muxer: str, form: str, settings: dict[str, Any]
) -> None:
    # 216 is not a whole number of macroblocks: there x264 used not to repeat.
    video: VideoEncoding = maker.output(codec, muxer, form, width=216, height=120, **settings).video
    frames = [tools["barcode"](k, form, 216, 120) for k in range(12)]

    def once(number: int) -> str:
        copies = (frame.from_ndarray(frame.to_ndarray(), format=form) for frame in frames)
        return encode_frames(copies, 12, video, PartWriter(tmp_path / str(number)), "film")

    alone = {once(number) for number in range(3)}
    with ThreadPoolExecutor(4) as pool:
        together = set(pool.map(once, range(3, 7)))
    assert len(alone | together) == 1
