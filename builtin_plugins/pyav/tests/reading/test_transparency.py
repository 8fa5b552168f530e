"""Transparent is what has a pixel that is not opaque, whatever the format says."""

from __future__ import annotations

import av
import numpy as np
import pytest
from kadr_pyav.transparency import transparent


@pytest.mark.parametrize("fmt", ["rgba", "argb", "yuva420p", "yuva444p10le", "gbrap", "yuva422p"])
@pytest.mark.parametrize("alpha", [255, 0])
def test_by_the_pixels(fmt: str, alpha: int) -> None:
    pixels = np.full((18, 30, 4), 255, np.uint8)
    pixels[17, 29, 3] = alpha
    pixels[16, 28, 3] = alpha  # subsampled chroma does not touch it
    frame = av.VideoFrame.from_ndarray(pixels, format="rgba").reformat(format=fmt)
    assert transparent(frame) is (alpha < 255)


@pytest.mark.parametrize("fmt", ["rgb24", "yuv420p", "gray"])
def test_no_channel_no_transparency(fmt: str) -> None:
    assert transparent(av.VideoFrame(16, 16, fmt)) is False
