"""One timeline of BT.601, BT.709 and BT.2020: each is converted, none taken for another."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.color import BT601_525, BT601_625, BT709, BT2020, Color
from kadr_sdk.frames import VideoFrame
from kadr_sdk.output import Output, VideoEncoding
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest

SPACES = {"525": BT601_525, "625": BT601_625, "709": BT709, "2020": BT2020}
KR_KB = {"bt709": (0.2126, 0.0722), "bt2020nc": (0.2627, 0.0593)}
XY = {
    "smpte170m": ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    "bt470bg": ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    "bt709": ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
}
SCENE = np.array(  # linear BT.709 light inside every gamut: patches, and a ramp of greys
    [
        (0.5, 0.2, 0.15),
        (0.2, 0.4, 0.2),
        (0.15, 0.2, 0.5),
        (0.5, 0.45, 0.2),
        (0.3, 0.2, 0.45),
        (0.18, 0.3, 0.4),
    ]
    + [(v, v, v) for v in (0.02, 0.1, 0.3, 0.6, 0.95)]
)


def matrix(before: str, after: str) -> Any:
    def to_xyz(name: str) -> Any:
        columns = np.array([(x / y, 1, (1 - x - y) / y) for x, y in XY[name]]).T
        return columns * np.linalg.solve(columns, (0.3127 / 0.3290, 1, 0.3583 / 0.3290))

    return np.linalg.inv(to_xyz(after)) @ to_xyz(before)


def codes(color: Color) -> Any:
    """The scene in 10 bit YUV of a colour space, by ITU-R BT.709 and H.273."""
    light = SCENE @ matrix("bt709", color.primaries).T
    rgb = np.where(light < 0.018054, 4.5 * light, 1.0993 * np.maximum(light, 0) ** 0.45 - 0.0993)
    kr, kb = KR_KB.get(color.matrix, (0.299, 0.114))
    y = rgb @ (kr, 1 - kr - kb, kb)
    parts = (219 * y + 16, 112 * (rgb[:, 2] - y) / (1 - kb) + 128, 112 * (rgb[:, 0] - y) / (1 - kr) + 128)
    return np.stack([4 * p for p in parts])


def chart(color: Color) -> VideoFrame:
    frame = VideoFrame.empty("yuv444p10le", 16 * len(SCENE), 16, color)
    for plane, row in zip(frame.planes, codes(color), strict=True):
        plane[...] = np.repeat(np.rint(row), 16)[None, :]
    return frame


def row_of(frame: Any) -> Any:
    """Y, U, V in the middle of each patch."""
    planes = [np.frombuffer(p, "<u2").reshape(p.height, -1) for p in frame.planes]
    return np.stack([plane[8, 8 : 16 * len(SCENE) : 16].astype(float) for plane in planes])


@pytest.mark.parametrize("timeline", ["bt709", "bt601", "bt2020"])
def test_the_same_scene_from_every_space_is_the_same_picture(
    renderer: Any, tmp_path: Path, timeline: str
) -> None:
    backend, clips = renderer.backend(), []
    for number, (name, color) in enumerate(SPACES.items()):
        video = VideoEncoding("ffv1", "yuv444p10le", 16 * len(SCENE), 16, Fraction(25), color)
        output = backend.prepare(Output("t", "matroska", video))
        backend.write(tmp_path / f"{name}.mkv", output, [chart(color)], None)
        place = {"start_time": number / 25, "duration": 0.04}
        clips.append({"id": name, "source_file": f"{name}.mkv"} | place)
    tracks = [{"id": "v", "clips": clips}]
    size = {"fps": 25, "resolution": [16 * len(SCENE), 16], "color": timeline}
    project = parse_project({"timeline": size | {"tracks": tracks}})
    request = RenderRequest(tmp_path / "out.mkv", video={"pixel_format": "yuv444p10le"})
    renderer.render(project, tmp_path, request)
    wanted = codes({"bt709": BT709, "bt601": BT601_525, "bt2020": BT2020}[timeline])
    with av.open(str(tmp_path / "out.mkv")) as container:
        shown = [row_of(frame) for frame in container.decode(video=0)]
    assert len(shown) == len(SPACES)
    for name, found in zip(SPACES, shown, strict=True):
        assert np.abs(found - wanted).max() / 4 <= 1, name  # in codes of 8 bit
