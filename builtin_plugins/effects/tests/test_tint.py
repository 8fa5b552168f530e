"""Temperature and sepia."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kadr_effects.colors import codes
from kadr_effects.tint import luma_at_chroma
from kadr_sdk.color import BT709
from kadr_sdk.frames import VideoFrame

KR, KB = 0.2126, 0.0722


def rgb_of(frame: VideoFrame) -> np.ndarray:
    """R, G, B 0..1 of a 4:4:4 picture of one colour at 10 bit."""
    y, u, v = (float(p[0, 0]) for p in frame.planes)
    y, u, v = (y - 64) / 876, (u - 512) / 896, (v - 512) / 896
    red, blue = y + 2 * (1 - KR) * v, y + 2 * (1 - KB) * u
    return np.array([red, (y - KR * red - KB * blue) / (1 - KR - KB), blue])


@pytest.mark.parametrize("value", [-1.0, -0.3, 0.5, 1.0])
def test_temperature_turns_red_up_and_blue_down(value: float, lab: Any, flat: Any) -> None:
    for color in ((0.5, 0.5, 0.5, 1), (0.3, 0.4, 0.6, 1), (0.0, 0.0, 0.0, 1)):
        frame = flat(codes(color, "yuv444p10le", BT709), "yuv444p10le")
        out = rgb_of(lab("effect", "temperature").frame(frame, value=value))
        before = rgb_of(frame)
        assert out[0] == pytest.approx(before[0] * (1 + 0.3 * value), abs=0.003)
        assert out[2] == pytest.approx(before[2] * (1 - 0.3 * value), abs=0.003)


def test_temperature_keeps_luma_and_works_on_odd_sizes(lab: Any, noise: Any) -> None:
    for format in ("yuv420p", "yuv422p", "yuva444p10le", "yuv420p16le"):
        frame = noise(format, 3, (65, 33))
        out = lab("effect", "temperature").frame(frame, value=0.7)
        np.testing.assert_array_equal(out.planes[0], frame.planes[0])
        if len(out.planes) == 4:
            np.testing.assert_array_equal(out.planes[3], frame.planes[3])


def test_sepia_of_white_is_the_css_hue(lab: Any, flat: Any) -> None:
    frame = flat(codes((0.7, 0.7, 0.7, 1), "yuv444p10le", BT709), "yuv444p10le")
    out = rgb_of(lab("effect", "sepia").frame(frame))
    assert out / out[1] == pytest.approx(np.array([1.351, 1.203, 0.937]) / 1.203, abs=0.01)
    black = lab("effect", "sepia").frame(flat((64, 512, 512), "yuv444p10le"))
    assert [int(p[0, 0]) for p in black.planes] == [64, 512, 512]


def test_sepia_forgets_the_colour_that_was(lab: Any, flat: Any) -> None:
    sepia = lab("effect", "sepia")
    one, other = (sepia.frame(flat((120, u, v), "yuv444p")) for u, v in ((60, 200), (200, 60)))
    assert [int(p[0, 0]) for p in one.planes] == [int(p[0, 0]) for p in other.planes]


def test_luma_at_chroma_is_the_mean_of_two_lines() -> None:
    frame = VideoFrame.empty("yuv420p", 5, 3)
    frame.planes[0][...] = np.arange(15).reshape(3, 5)
    np.testing.assert_array_equal(luma_at_chroma(frame), [[3, 5, 7], [10, 12, 14]])
