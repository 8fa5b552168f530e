"""Bars through a lossless render with no effect: luma within a code, tags identical."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.color import BT709
from kadr_sdk.frames import VideoFrame
from kadr_sdk.output import Output, VideoEncoding
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest

BARS = (  # BT.709 75 % bars: luma and chroma codes at 8 bit limited
    (180, 128, 128),
    (168, 44, 136),
    (145, 147, 44),
    (133, 63, 52),
    (63, 193, 204),
    (51, 109, 212),
    (28, 212, 120),
)


def bars(width: int = 700, height: int = 396) -> VideoFrame:
    frame = VideoFrame.empty("yuv420p", width, height, BT709)
    for index, plane in enumerate(frame.planes):
        columns = np.arange(plane.shape[1]) * 7 // plane.shape[1]
        plane[...] = np.array([codes[index] for codes in BARS])[columns]
    frame.planes[0][-60:] = np.linspace(16, 235, width).round()
    return frame


@pytest.mark.parametrize("suffix", [".mkv"])
def test_bars_and_tags(renderer: Any, tmp_path: Path, suffix: str) -> None:
    from fractions import Fraction

    backend = renderer.backend()
    video = VideoEncoding("ffv1", "yuv420p", 700, 396, Fraction(25), BT709)
    source = tmp_path / "bars.mkv"
    backend.write(source, backend.prepare(Output("t", "matroska", video)), (bars() for _ in range(50)), None)
    tracks = [{"id": "v", "clips": [{"id": "b", "source_file": str(source), "duration": 2}]}]
    project = parse_project({"timeline": {"fps": 25, "resolution": [700, 396], "tracks": tracks}})
    renderer.render(project, tmp_path, RenderRequest(tmp_path / f"out{suffix}"))
    with av.open(str(source)) as before, av.open(str(tmp_path / f"out{suffix}")) as after:
        count = 0
        for x, y in zip(before.decode(video=0), after.decode(video=0), strict=True):
            assert abs(x.to_ndarray().astype(int) - y.to_ndarray().astype(int)).max() == 0
            for tag in ("colorspace", "color_range", "color_primaries", "color_trc"):
                assert getattr(x, tag) == getattr(y, tag), tag
            count += 1
    assert count == 50
    found = renderer.probe(tmp_path / f"out{suffix}").main_video
    assert (found.color.matrix, found.color.primaries, found.color.transfer, found.color.range) == (
        "bt709",
        "bt709",
        "bt709",
        "tv",
    )
