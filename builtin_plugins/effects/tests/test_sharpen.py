from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import pytest
from kadr_sdk.curves import Samples


def formula(luma: np.ndarray, amount: float, steps: int) -> np.ndarray:
    kernel = np.array([comb(steps, k) for k in range(steps + 1)]) / 2**steps
    wide = np.pad(luma.astype(float), steps // 2, mode="edge")
    wide = np.apply_along_axis(lambda row: np.convolve(row, kernel, "valid"), 1, wide)
    soft = np.apply_along_axis(lambda row: np.convolve(row, kernel, "valid"), 0, wide)
    return luma + amount * (luma - soft)


@pytest.mark.parametrize(("radius", "steps"), [(0.5, 2), (1.0, 4), (1.4, 8), (1.7, 12)])
@pytest.mark.parametrize("format", ["yuv420p", "yuv444p10le"])
def test_is_an_unsharp_mask(format: str, radius: float, steps: int, lab: Any, noise: Any) -> None:
    frame, peak = noise(format, 5), 1023 if "10" in format else 255
    out = lab("effect", "sharpen").frame(frame, amount=0.8, radius=radius)
    expected = np.clip(formula(frame.planes[0], 0.8, steps), 0, peak)
    assert np.abs(out.planes[0] - expected).max() <= 1.5  # the blur is rounded first
    np.testing.assert_array_equal(out.planes[1], frame.planes[1])


@pytest.mark.parametrize("amount", [0.1, 0.7, 2.0, 5.0])
def test_native_has_the_same_bits(amount: float, lab: Any, noise: Any) -> None:
    sharpen, frame = lab("effect", "sharpen"), noise("yuva420p", 6)
    for radius in (0.4, 1.0, 1.7):
        (native,) = sharpen.native([frame], amount=amount, radius=radius)
        for a, b in zip(
            native.planes, sharpen.frame(frame, amount=amount, radius=radius).planes, strict=True
        ):
            np.testing.assert_array_equal(a, b)


def test_what_unsharp_cannot_do_is_left_to_python(lab: Any, noise: Any) -> None:
    sharpen = lab("effect", "sharpen")
    assert sharpen.specs("yuv420p", 2, amount=Samples((0.0, 1.0))) is None
    assert sharpen.specs("yuv420p10le", amount=1.0) is None
    assert sharpen.specs("yuv420p", amount=1.0, radius=4.0) is None
    frame = noise("yuv420p", 6)
    assert sharpen.frame(frame, amount=1.0, radius=4.0).planes[0].std() > frame.planes[0].std()
