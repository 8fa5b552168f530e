from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kadr_effects.boxes import blur_plane, box


def gaussian(plane: np.ndarray, sigma: float) -> np.ndarray:
    """A true Gaussian, edges repeated."""
    reach = int(5 * sigma) + 2
    x = np.arange(-reach, reach + 1)
    kernel = np.exp(-x * x / (2 * sigma * sigma))
    kernel /= kernel.sum()
    wide = np.pad(plane.astype(float), reach, mode="edge")
    wide = np.apply_along_axis(lambda row: np.convolve(row, kernel, "valid"), 1, wide)
    return np.apply_along_axis(lambda row: np.convolve(row, kernel, "valid"), 0, wide)


@pytest.mark.parametrize("sigma", [0.2, 0.5, 1.0, 2.3, 5.0, 12.0])
def test_the_three_boxes_have_the_variance(sigma: float) -> None:
    half, edge = box(sigma)
    assert 0 <= edge < 1
    positions = np.arange(-half - 1, half + 2)
    weights = np.ones(2 * half + 3)
    weights[[0, -1]] = edge
    assert 3 * (weights / weights.sum()) @ positions**2 == pytest.approx(sigma**2)


@pytest.mark.parametrize("sigma", [1.0, 3.0, 8.0])
def test_boxes_are_near_the_gaussian(sigma: float) -> None:
    plane = np.random.default_rng(1).integers(0, 256, (40, 60)).astype(np.uint8)
    plane[:, 30:] //= 4
    difference = np.abs(blur_plane(plane, sigma, sigma) - gaussian(plane, sigma))
    assert difference.mean() < 0.6
    assert difference.max() < 3.5


def test_flat_planes_stay_flat_at_every_depth() -> None:
    for word, code in ((np.uint8, 255), (np.uint8, 1), (np.uint16, 65535), (np.uint16, 12345)):
        plane = np.full((20, 30), code, word)
        np.testing.assert_array_equal(blur_plane(plane, 7.3, 0.4), plane)


@pytest.mark.parametrize("format", ["yuv420p", "yuv444p10le", "yuva422p"])
def test_native_is_near_the_gaussian_on_every_plane(format: str, lab: Any, noise: Any) -> None:
    frame, one = noise(format, 2, (128, 96)), 4 if "10" in format else 1
    across, down = (1 if "444" not in format else 0), (1 if "420" in format else 0)
    (out,) = lab("effect", "blur").native([frame], radius=4.0)
    assert np.abs(out.planes[0] - gaussian(frame.planes[0], 4.0)).mean() < 2 * one
    if across == down:
        chroma = gaussian(frame.planes[1], 4.0 / (1 << across))
        assert np.abs(out.planes[1] - chroma).mean() < 2.5 * one
    python = lab("effect", "blur").frame(frame, radius=4.0)
    for a, b in zip(out.planes, python.planes, strict=True):
        assert np.abs(a.astype(float) - b).mean() < 3 * one


def test_chroma_is_blurred_as_wide_as_luma(lab: Any) -> None:
    """An edge through luma and chroma is as soft in both: half the samples, half the radius."""
    from kadr_sdk.color import BT709
    from kadr_sdk.frames import VideoFrame

    frame = VideoFrame.empty("yuv420p", 128, 32, BT709)
    for plane in frame.planes:
        plane[...] = 40
        plane[:, plane.shape[1] // 2 :] = 200
    (out,) = lab("effect", "blur").native([frame], radius=6.0)
    luma = (out.planes[0][16, 0::2].astype(float) + out.planes[0][16, 1::2]) / 2
    assert np.abs(luma - out.planes[1][8]).max() < 4


def test_radii_too_small_for_the_filter_leave_the_picture_alone(lab: Any, noise: Any) -> None:
    frame = noise("yuv444p", 2)
    for radius in (0.0, 1e-6, 1e-3):
        (out,) = lab("effect", "blur").native([frame], radius=radius)
        for a, b in zip(frame.planes, out.planes, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_radius_beyond_what_the_filter_takes_is_cut(lab: Any, noise: Any) -> None:
    """A large radius of a small project, delivered large: the host has scaled it beyond the range."""
    blur, frame = lab("effect", "blur").effect, noise("yuv420p", 2)
    from kadr_sdk.color import BT709
    from kadr_sdk.effects import FilterContext

    specs = blur.filters({"radius": 4000.0}, FilterContext(66, 34, "yuv420p", BT709, 1, 8.0))
    assert dict(specs[0].options)["sigma"] == "1024.0"
    (out,) = lab("effect", "blur").native.__globals__["run_chain"](specs, [[frame]])
    assert out.planes[0].std() < frame.planes[0].std() / 10
