"""Noise: of the stated strength, from seed, frame and place alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kadr_effects.chance import chances

SIZE = (256, 128)


@pytest.mark.parametrize(("format", "one"), [("yuv420p", 1), ("yuv444p10le", 4), ("yuv422p12le", 16)])
def test_its_deviation_is_the_amount(format: str, one: int, lab: Any, flat: Any) -> None:
    frame = flat((120 * one, 128 * one, 128 * one), format, SIZE)
    out = lab("effect", "noise").frame(frame, amount=0.05, color=True)
    for plane, middle, span in zip(out.planes, (120, 128, 128), (219, 224, 224), strict=True):
        assert plane.mean() == pytest.approx(middle * one, abs=0.3 * one)
        assert plane.std() == pytest.approx(0.05 * span * one, rel=0.03)
    apart = out.planes[0].astype(float) - 120 * one
    assert np.abs(apart).max() <= 0.05 * 219 * one * 510 / 147.8 + 1  # the sum of four bytes has an end


def test_against_whole_numbers(lab: Any, noise: Any) -> None:
    frame = noise("yuv420p", 1, legal=True)
    out = lab("effect", "noise").frame(frame, number=9, amount=0.1)
    key = 0
    for part in (7, 9, 0):  # the seed of the lab, the frame, the plane
        key = _mix(key ^ part)
    wanted = []
    for place in range(66 * 34):
        number = _mix((_mix(place ^ key) + key) & 0xFFFFFFFF)
        grain = sum(number.to_bytes(4, "little")) - 510
        wanted.append((grain * round(0.1 * 219 / ((256**2 - 1) / 3) ** 0.5 * 65536) + 32768) >> 16)
    codes = np.clip(frame.planes[0] + np.array(wanted).reshape(34, 66), 16, 235)
    np.testing.assert_array_equal(out.planes[0], codes)
    for number in (1, 2):
        np.testing.assert_array_equal(out.planes[number], frame.planes[number])


def _mix(x: int) -> int:
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        x = ((x ^ (x >> shift)) * factor) & 0xFFFFFFFF
    return x


def test_it_moves_or_stands_still(lab: Any, flat: Any) -> None:
    effect, frame = lab("effect", "noise"), flat((120, 128, 128), size=SIZE)
    first, later = (effect.frame(frame, number=k).planes[0].astype(float) - 120 for k in (3, 4))
    assert abs(np.corrcoef(first.ravel(), later.ravel())[0, 1]) < 0.02
    still = [effect.frame(frame, number=k, moving=False).planes[0] for k in (3, 4)]
    np.testing.assert_array_equal(*still)


def test_seeds_places_and_channels_have_nothing_in_common() -> None:
    base = chances(1, 2, (64, 64)).ravel() / 2.0**32
    assert base.mean() == pytest.approx(0.5, abs=0.02)
    for other in (chances(2, 2, (64, 64)), chances(1, 3, (64, 64)), chances(1, 2, (64, 64), 1)):
        assert abs(np.corrcoef(base, other.ravel())[0, 1]) < 0.05
    assert abs(np.corrcoef(base[:-1], base[1:])[0, 1]) < 0.05
