from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kadr_sdk.color import BT709
from kadr_sdk.frames import VideoFrame


def lamp(
    format: str = "yuv420p", size: tuple[int, int] = (128, 96), chroma: tuple[int, int] = (128, 128)
) -> Any:
    one = 4 if "10" in format else 1
    frame = VideoFrame.empty(format, *size, BT709)
    frame.planes[0][...] = 40 * one
    frame.planes[0][40:56, 56:72] = 230 * one
    for plane, code in zip(frame.planes[1:3], chroma, strict=True):
        plane[...] = 128 * one
        down, across = (s // p for s, p in zip(frame.planes[0].shape, plane.shape, strict=True))
        plane[40 // down : 56 // down, 56 // across : 72 // across] = code * one
    return frame


@pytest.mark.parametrize("format", ["yuv420p", "yuv444p10le", "yuv422p"])
def test_light_around_the_lamp_falls_off(format: str, lab: Any) -> None:
    frame = lamp(format)
    out = lab("effect", "glow").frame(frame, amount=1.0, radius=8.0)
    added = out.planes[0].astype(int) - frame.planes[0]
    assert (added >= 0).all()
    row = added[48, 72:128:8]
    assert row[0] > row[1] > row[2] > 0
    assert added[0, 0] == 0
    np.testing.assert_allclose(added[48, 55], added[48, 72], atol=2 * (4 if "10" in format else 1))


def test_the_shine_has_the_colour_of_the_lamp(lab: Any) -> None:
    out = lab("effect", "glow").frame(lamp(chroma=(90, 200)), amount=1.0, radius=8.0)
    assert int(out.planes[1][24, 38]) < 126
    assert int(out.planes[2][24, 38]) > 130


def test_nothing_brighter_than_the_threshold_means_no_change(lab: Any, noise: Any) -> None:
    frame = noise("yuv420p", 1, (65, 33))
    frame.planes[0][...] = frame.planes[0] // 3 + 16
    out = lab("effect", "glow").frame(frame, threshold=0.7)
    for a, b in zip(frame.planes, out.planes, strict=True):
        np.testing.assert_array_equal(a, b)


def test_amount_and_radius_do_something_and_odd_sizes_work(lab: Any, noise: Any) -> None:
    glow, frame = lab("effect", "glow"), noise("yuva420p", 1, (65, 33), legal=True)
    outs = [glow.frame(frame, **kw).planes[0] for kw in ({"amount": 0.3}, {"amount": 1.0}, {"radius": 3.0})]
    assert not np.array_equal(outs[0], outs[1])
    assert not np.array_equal(outs[1], outs[2])
    assert max(int(o.max()) for o in outs) <= 235
