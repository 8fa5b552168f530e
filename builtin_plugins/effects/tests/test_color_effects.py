"""Saturation, gamma, exposure, invert, grayscale, hue: against formulas written again here."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest


def test_saturation(lab: Any, noise: Any) -> None:
    frame = noise("yuv420p", 2, legal=True)
    out = lab("effect", "saturation").frame(frame, value=1.7)
    np.testing.assert_array_equal(out.planes[0], frame.planes[0])
    for number in (1, 2):
        assert (
            np.abs(out.planes[number] - np.clip((frame.planes[number] - 128.0) * 1.7 + 128, 16, 240)).max()
            <= 0.5
        )


@pytest.mark.parametrize("value", [0.4, 2.2])
def test_gamma(value: float, lab: Any, noise: Any) -> None:
    frame = noise("yuv444p10le", 2, legal=True)
    out = lab("effect", "gamma").frame(frame, value=value)
    share = (frame.planes[0] - 64.0) / 876
    assert np.abs(out.planes[0] - (64 + 876 * share ** (1 / value))).max() <= 0.5
    np.testing.assert_array_equal(out.planes[1], frame.planes[1])


def test_exposure_doubles_the_light_of_a_display(lab: Any, flat: Any) -> None:
    out = lab("effect", "exposure").frame(flat((100, 100, 150)), stops=1.0)
    light = [((int(y) - 16) / 219) ** 2.4 for y in (100, out.planes[0][0, 0])]
    assert light[1] / light[0] == pytest.approx(2, rel=0.02)
    assert (int(out.planes[1][0, 0]) - 128) / (100 - 128) == pytest.approx(2 ** (1 / 2.4), abs=0.02)


def test_invert_is_its_own_opposite(lab: Any, noise: Any) -> None:
    frame, invert = noise("yuv420p", 2, legal=True), lab("effect", "invert")
    once = invert.frame(frame)
    np.testing.assert_array_equal(once.planes[0], 251 - frame.planes[0])
    np.testing.assert_array_equal(once.planes[1], 256 - frame.planes[1].astype(int))
    twice = invert.frame(once)
    for a, b in zip(frame.planes, twice.planes, strict=True):
        np.testing.assert_array_equal(a, b)


def test_grayscale_has_no_colour(lab: Any, noise: Any) -> None:
    frame = noise("yuv420p10le", 2)
    out = lab("effect", "grayscale").frame(frame)
    np.testing.assert_array_equal(out.planes[0], frame.planes[0])
    legal = (frame.planes[1] >= 64) & (frame.planes[1] <= 960)
    assert set(out.planes[1][legal].tolist()) == {512}


@pytest.mark.parametrize(
    ("format", "middle"), [("yuv420p", 128), ("yuv444p10le", 512), ("yuv444p16le", 32768)]
)
def test_hue_rotates_chroma(format: str, middle: int, lab: Any, noise: Any) -> None:
    frame = noise(format, 2, legal=True)
    out = lab("effect", "hue").frame(frame, angle=33.0)
    c, s = math.cos(math.radians(33)), math.sin(math.radians(33))
    u, v = (p.astype(float) - middle for p in frame.planes[1:3])
    peak = 2 * middle - 1
    assert np.abs(out.planes[1] - np.clip(middle + c * u - s * v, 0, peak)).max() <= 1
    assert np.abs(out.planes[2] - np.clip(middle + s * u + c * v, 0, peak)).max() <= 1
    np.testing.assert_array_equal(out.planes[0], frame.planes[0])


def test_hue_turns_red_towards_green(lab: Any, flat: Any) -> None:
    from kadr_effects.colors import codes
    from kadr_sdk.color import BT709

    red, green = codes((1, 0, 0, 1), "yuv444p", BT709), codes((0, 1, 0, 1), "yuv444p", BT709)
    out = lab("effect", "hue").frame(flat(red), angle=120.0)
    turned = np.array([int(p[0, 0]) - 128 for p in out.planes[1:]])
    target = np.array(green[1:]) - 128
    assert turned @ target / (np.linalg.norm(turned) * np.linalg.norm(target)) > 0.95
