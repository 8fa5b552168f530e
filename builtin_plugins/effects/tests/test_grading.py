"""Curves, colour balance, solarize, duotone: against their formulas in double precision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from kadr_effects.effects.curves import curve_table
from kadr_sdk.color import BT709, Color
from kadr_sdk.frames import VideoFrame

WEIGHTS = {"bt709": (0.2126, 0.0722), "bt470bg": (0.299, 0.114)}


def scales(color: Color) -> tuple[np.ndarray, np.ndarray]:
    if color.range == "pc":
        return np.array([[0.0], [512], [512]]), np.array([[1023.0], [1023], [1023]])
    return np.array([[64.0], [512], [512]]), np.array([[876.0], [896], [896]])


def golden(frame: VideoFrame, formula: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Exact codes of a 10 bit 4:4:4 picture; the formula maps an array of shape (3, pixels)."""
    kr, kb = WEIGHTS[frame.color.matrix]
    zero, span = scales(frame.color)
    y, u, v = (np.stack([p.ravel() for p in frame.planes]) - zero) / span
    red, blue = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    red, green, blue = formula(np.stack([red, (y - kr * red - kb * blue) / (1 - kr - kb), blue]))
    y = kr * red + (1 - kr - kb) * green + kb * blue
    codes = zero + span * np.stack([y, (blue - y) / (2 * (1 - kb)), (red - y) / (2 * (1 - kr))])
    top = zero + span if frame.color.range == "pc" else np.array([[940], [960], [960]])
    low = zero * 0 if frame.color.range == "pc" else np.array([[64], [64], [64]])
    return np.clip(codes, low, np.minimum(top, 1023))


def check(name: str, lab: Any, noise: Any, formula: Any, color: Color = BT709, **given: Any) -> None:
    frame = noise("yuv444p10le", 5, (41, 37), legal=True, color=color)
    for number in (1, 2):  # less colourful, so that most pixels are real colours
        frame.planes[number][...] = 512 + (frame.planes[number].astype(int) - 512) // 4
    out = lab("effect", name).frame(frame, **given)
    found = np.stack([p.ravel() for p in out.planes])
    assert np.abs(found - golden(frame, formula)).max() <= 0.52  # rounded once


COLORS = [BT709, replace(BT709, matrix="bt470bg"), replace(BT709, range="pc")]


@pytest.mark.parametrize("color", COLORS, ids=["709", "601", "full"])
def test_solarize(color: Color, lab: Any, noise: Any) -> None:
    # Two thresholds that no 10 bit colour hits to the last digit of single precision.
    for limit, amount in ((0.50001234, 1.0), (0.31234567, 0.4)):
        check(
            "solarize",
            lab,
            noise,
            lambda rgb, t=limit, a=amount: np.where(rgb > t, rgb + a * (1 - 2 * rgb), rgb),
            color,
            threshold=limit,
            amount=amount,
        )


@pytest.mark.parametrize("color", COLORS, ids=["709", "601", "full"])
def test_duotone(color: Color, lab: Any, noise: Any) -> None:
    kr, kb = WEIGHTS[color.matrix]
    dark, light = np.array([[0.1], [0.0], [0.4]]), np.array([[1.0], [0.8], [0.2]])

    def formula(rgb: np.ndarray) -> np.ndarray:
        luma = np.array([kr, 1 - kr - kb, kb]) @ rgb
        return rgb + 0.7 * (dark + (light - dark) * luma - rgb)

    given = {"dark": (*dark.ravel(), 1.0), "light": (*light.ravel(), 1.0)}
    check("duotone", lab, noise, formula, color, amount=0.7, **given)


@pytest.mark.parametrize("gamma", [1.0, 0.5, 2.2])
def test_color_balance(gamma: float, lab: Any, noise: Any) -> None:
    def formula(rgb: np.ndarray) -> np.ndarray:
        red, green, blue = rgb
        red = 1.2 * (red + 0.1 * (1 - red))
        inside = np.clip(blue, 0, 1)
        return np.stack([red, green * 0.7, inside ** (1 / gamma) + blue - inside])

    given = {"lift_red": 0.1, "gain_red": 1.2, "gain_green": 0.7, "gamma_blue": gamma}
    check("color_balance", lab, noise, formula, **given)


def test_curves(lab: Any, noise: Any) -> None:
    def formula(rgb: np.ndarray) -> np.ndarray:
        inside = np.clip(rgb, 0, 1)
        red, green, blue = inside
        out = np.stack([0.2 + 0.5 * red, green, 1 - blue])
        return np.clip(out * 0.5, 0, 1) + rgb - inside

    lines = {"red": [[0, 0.2], [1, 0.7]], "blue": [[0, 1], [1, 0]], "all": [[0, 0], [1, 0.5]]}
    check("curves", lab, noise, formula, **lines)


def test_a_curve_goes_through_its_points_and_never_beyond() -> None:
    points = ((0.0, 0.1), (0.25, 0.5), (0.5, 0.5), (0.75, 0.9), (1.0, 0.2))
    table = curve_table(points)
    for x, y in points:
        assert table[round(x * 4096)] == pytest.approx(y, abs=1e-6)
    ends = [round(x * 4096) for x, _ in points]
    for a, b in pairwise(ends):
        steps = np.diff(table[a : b + 1])
        assert (steps >= -1e-7).all() or (steps <= 1e-7).all()
    assert np.ptp(table[1024:2049]) < 1e-6  # level between equal points
    assert curve_table(((0.3, 0.6),)).tolist() == [np.float32(0.6)] * 4097
    part = curve_table(((0.25, 0.2), (0.75, 0.8)))
    assert (part[0], part[-1]) == (np.float32(0.2), np.float32(0.8))
    assert curve_table(((0.75, 0.8), (0.25, 0.2))).tolist() == part.tolist()


NEUTRAL: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "solarize": ({"amount": 0.0}, {"amount": 1e-4}),
    "duotone": ({"amount": 0.0}, {"amount": 1e-4}),
    "color_balance": ({}, {"gain_red": 1.0001, "gamma_blue": 1.0001, "lift_green": 1e-4}),
    "curves": ({}, {"red": [[0, 0], [0.5, 0.5001], [1, 1]]}),
    "noise": ({"amount": 0.0}, {"amount": 1e-4}),
}


@pytest.mark.parametrize("format", ["yuv420p", "yuv444p10le", "yuva422p"])
@pytest.mark.parametrize("name", NEUTRAL)
def test_neutral_and_near_it(name: str, format: str, lab: Any, noise: Any) -> None:
    effect, (neutral, near) = lab("effect", name), NEUTRAL[name]
    assert effect.declaration.neutral(effect.values(neutral))
    assert not effect.declaration.neutral(effect.values(near))
    frame = noise(format, 3, (65, 33))
    for given, bound in ((neutral, 0), (near, 1)):
        for a, b in zip(effect.frame(frame, **given).planes, frame.planes, strict=True):
            assert np.abs(a.astype(int) - b).max() <= bound


@pytest.mark.parametrize("name", ["solarize", "duotone", "curves", "color_balance"])
def test_bands_leave_no_seam(name: str, lab: Any, noise: Any) -> None:
    """A picture of equal rows stays one, across the bands and in odd sizes."""
    frame = noise("yuv420p", 3, (33, 99))
    for plane in frame.planes:
        plane[...] = plane[:1]
    given = {"all": [[0, 0.3], [1, 0.6]]} if name == "curves" else {}
    out = lab("effect", name).frame(frame, **given, **({"gain_red": 1.4} if name == "color_balance" else {}))
    for plane in out.planes:
        assert (plane == plane[:1]).all()
