"""Denoise: the weighted mean over five frames, by a formula of its own."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame


def cleaned(lab: Any, window: list[VideoFrame], strength: float) -> VideoFrame:
    first = window[0]
    size = (first.width, first.height, first.format, first.color)
    call = FrameCall(
        [window], {"strength": strength}, 0, Fraction(25), Fraction(0), Fraction(1), 0.0, 7, *size
    )
    found: VideoFrame = lab("effect", "denoise").effect.frame(call)
    return found


@pytest.mark.parametrize("strength", [0.1, 0.5, 1.0])
@pytest.mark.parametrize(("format", "peak"), [("yuv420p", 255), ("yuv444p10le", 1023), ("yuva422p", 255)])
def test_against_the_formula(format: str, peak: int, strength: float, lab: Any, noise: Any) -> None:
    window = [noise(format, seed, (33, 17)) for seed in range(5)]
    for frame in window[1:]:  # near the first, with a few outliers
        for plane, base in zip(frame.planes, window[0].planes, strict=True):
            plane[...] = np.where(plane % 7 == 0, plane, np.clip(base.astype(int) + plane % 31 - 15, 0, peak))
    out = cleaned(lab, window, strength)
    limit = round(strength * 0.15 * peak * 16) / 16
    for number in range(3):
        here = window[2].planes[number].astype(float)
        total, weights = here * 0, here * 0 + limit
        for k in (0, 1, 3, 4):
            apart = window[k].planes[number] - here
            weight = np.maximum(limit - np.abs(apart), 0)
            total += weight * apart
            weights += weight
        np.testing.assert_array_equal(out.planes[number], np.floor(here + total / weights + 0.5))
    if len(out.planes) == 4:
        np.testing.assert_array_equal(out.planes[3], window[2].planes[3])


def test_grain_goes_and_movement_stays(lab: Any, flat: Any) -> None:
    window = []
    for k in range(5):
        frame = flat((100, 128, 128), size=(64, 64))
        frame.planes[0][...] = 100 + np.random.default_rng(k).integers(-6, 7, (64, 64))
        frame.planes[0][:, 8 * k : 8 * k + 8] = 220
        window.append(frame)
    out = cleaned(lab, window, 1.0).planes[0].astype(int)
    assert (out[:, 16:24] == 220).all()
    still = np.concatenate([out[:, :16], out[:, 24:]], axis=1)
    assert still.std() < 0.65 * 3.74  # an even spread over 13 codes
    assert still.max() <= 106  # nothing of the bar


def test_little_strength_is_little(lab: Any, noise: Any) -> None:
    window = [noise("yuv420p", seed) for seed in range(5)]
    for strength in (0.0, 1e-4):
        for a, b in zip(cleaned(lab, window, strength).planes, window[2].planes, strict=True):
            np.testing.assert_array_equal(a, b)
    assert lab("effect", "denoise").declaration.window == (2, 2)
    assert lab("effect", "denoise").declaration.neutral({"strength": 0.0})
