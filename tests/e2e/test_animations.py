"""Pictures that move: their own times, and what shines through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest
from PIL import Image

SHADES = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
TIMES = [200, 100, 100, 300]  # milliseconds


@pytest.mark.parametrize("suffix", [".gif", ".png"])
def test_every_picture_for_its_time(renderer: Any, tmp_path: Path, suffix: str) -> None:
    source, target = tmp_path / f"a{suffix}", tmp_path / "out.mkv"
    pictures = [Image.new("RGBA", (160, 90), (*shade, 255)) for shade in SHADES]
    for picture in pictures:
        picture.paste((0, 0, 0, 0), (0, 0, 80, 90))  # the left half is a hole
    pictures[0].save(source, save_all=True, append_images=pictures[1:], duration=TIMES, disposal=2)
    clips = [{"id": "a", "source_file": str(source)}]
    timeline = {"fps": 10, "resolution": [160, 90], "background": "#808080"}
    project = parse_project({"timeline": timeline | {"tracks": [{"id": "v", "clips": clips}]}})
    renderer.render(project, tmp_path, RenderRequest(target, video={"pixel_format": "yuv444p"}))
    with av.open(str(target)) as container:
        shown = [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]
    expected = [shade for shade, time in zip(SHADES, TIMES, strict=True) for _ in range(time // 100)]
    assert len(shown) == len(expected)
    for frame, shade in zip(shown, expected, strict=True):
        assert np.abs(frame[45, 120] - shade).max() <= 2
        assert np.abs(frame[45, 40] - 128).max() <= 2
