from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.mark.parametrize(("format", "one"), [("yuv420p", 1), ("yuv444p10le", 4), ("yuv420p12le", 16)])
@pytest.mark.parametrize("value", [-1.0, -0.25, 0.05, 0.5])
def test_adds_a_part_of_the_range_to_luma(value: float, format: str, one: int, lab: Any, noise: Any) -> None:
    frame = noise(format, 1, legal=True)
    out = lab("effect", "brightness").frame(frame, value=value)
    expected = np.clip(frame.planes[0] + value * 219 * one, 16 * one, 235 * one)
    assert np.abs(out.planes[0] - expected).max() <= 0.5
    np.testing.assert_array_equal(out.planes[1], frame.planes[1])
    np.testing.assert_array_equal(out.planes[2], frame.planes[2])
