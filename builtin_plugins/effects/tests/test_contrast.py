from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.mark.parametrize("value", [0.0, 0.5, 1.2])
def test_is_contrast_of_rgb(value: float, lab: Any) -> None:
    """Against CSS ``contrast()`` on R, G, B: the same numbers after a trip through the matrix."""
    from kadr_effects.colors import codes
    from kadr_sdk.color import BT709
    from kadr_sdk.frames import VideoFrame

    generator = np.random.default_rng(1)
    for rgb in generator.uniform(0.2, 0.8, (20, 3)):
        frame = VideoFrame.empty("yuv444p16le", 2, 2, BT709)
        for plane, code in zip(frame.planes, codes((*rgb, 1), frame.format, BT709), strict=True):
            plane[...] = code
        wanted = codes((*(0.5 + value * (rgb - 0.5)), 1), frame.format, BT709)
        out = lab("effect", "contrast").frame(frame, value=value)
        assert [abs(int(p[0, 0]) - c) <= 3 for p, c in zip(out.planes, wanted, strict=True)] == [True] * 3


def test_ten_bit_formula(lab: Any, noise: Any) -> None:
    frame = noise("yuv420p10le", 1, legal=True)
    out = lab("effect", "contrast").frame(frame, value=1.3)
    assert np.abs(out.planes[0] - np.clip(502 + 1.3 * (frame.planes[0] - 502.0), 64, 940)).max() <= 0.5
    assert np.abs(out.planes[1] - np.clip(512 + 1.3 * (frame.planes[1] - 512.0), 64, 960)).max() <= 0.5
