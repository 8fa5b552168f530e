from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("format", "size", "side"), [("yuv420p", 7.2, 8), ("yuv444p", 7.2, 7), ("yuv422p10le", 4.0, 4)]
)
def test_every_square_is_its_mean(format: str, size: float, side: int, lab: Any, noise: Any) -> None:
    frame = noise(format, 5, (50, 30))
    out = lab("effect", "pixelate").frame(frame, size=size)
    for y in range(0, 30, side):
        for x in range(0, 50, side):
            part = frame.planes[0][y : y + side, x : x + side]
            assert set(out.planes[0][y : y + side, x : x + side].ravel().tolist()) == {int(part.mean())}
    narrow = side if "444" in format else side // 2
    assert len(np.unique(out.planes[1][:narrow, :narrow])) == 1


def test_a_square_larger_than_the_picture(lab: Any, noise: Any) -> None:
    out = lab("effect", "pixelate").frame(noise("yuv420p", 1, (20, 10)), size=500.0)
    assert [len(np.unique(plane)) for plane in out.planes] == [1, 1, 1]


def test_a_side_beyond_what_the_filter_takes_is_left_to_python(lab: Any) -> None:
    from kadr_sdk.color import BT709
    from kadr_sdk.effects import FilterContext

    at = FilterContext(66, 34, "yuv420p", BT709, 1, 4.0)
    assert lab("effect", "pixelate").effect.filters({"size": 4000.0}, at) is None
