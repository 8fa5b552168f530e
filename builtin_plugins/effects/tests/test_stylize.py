"""Edges, emboss, mirrored half, tint: against formulas of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kadr_effects.colors import codes
from kadr_sdk.color import BT709

KR, KB = 0.2126, 0.0722
FORMATS = (("yuv420p", 1), ("yuv444p10le", 4), ("yuva422p", 1))


def around(plane: np.ndarray, y: int, x: int) -> np.ndarray:
    """The 3 by 3 neighbours of a sample, the picture continued by its edge."""
    rows = np.clip(np.arange(y - 1, y + 2), 0, plane.shape[0] - 1)
    columns = np.clip(np.arange(x - 1, x + 2), 0, plane.shape[1] - 1)
    return plane[np.ix_(rows, columns)].astype(int)


@pytest.mark.parametrize(("format", "one"), FORMATS)
def test_edges_are_sobel(format: str, one: int, lab: Any, noise: Any) -> None:
    frame = noise(format, 1, (33, 17))
    out = lab("effect", "edges").frame(frame)
    kernel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
    for y in range(17):
        for x in range(33):
            near = around(frame.planes[0], y, x)
            slope = abs((near * kernel).sum()) + abs((near * kernel.T).sum())
            assert out.planes[0][y, x] == min(16 * one + slope // 4, 235 * one)
    assert {int(v) for v in np.unique(out.planes[1])} == {128 * one}
    if len(out.planes) == 4:
        np.testing.assert_array_equal(out.planes[3], frame.planes[3])


@pytest.mark.parametrize(("format", "one"), FORMATS)
@pytest.mark.parametrize("depth", [0.0, 1.0, 2.5])
def test_emboss_is_the_fall_of_light(depth: float, format: str, one: int, lab: Any, noise: Any) -> None:
    frame = noise(format, 1, (33, 17))
    out = lab("effect", "emboss").frame(frame, depth=depth)
    for y in range(17):
        for x in range(33):
            near = around(frame.planes[0], y, x)
            exact = (251 * one + 1) // 2 + np.floor((near[0, 0] - near[2, 2]) * depth + 0.5)
            assert out.planes[0][y, x] == np.clip(exact, 16 * one, 235 * one)
    assert {int(v) for v in np.unique(out.planes[2])} == {128 * one}


@pytest.mark.parametrize("name", ["edges", "emboss"])
def test_a_half_is_the_mean(name: str, lab: Any, noise: Any) -> None:
    effect, frame = lab("effect", name), noise("yuv420p", 2)
    whole, half, little = (effect.frame(frame, amount=a) for a in (1.0, 0.5, 1e-4))
    for a, b, c, d in zip(frame.planes, whole.planes, half.planes, little.planes, strict=True):
        assert np.abs((a.astype(float) + b) / 2 - c).max() <= 0.5
        assert np.abs(a.astype(int) - d).max() <= 1
    assert effect.declaration.neutral(effect.values({"amount": 0.0}))


@pytest.mark.parametrize("size", [(66, 34), (65, 33), (1, 1)])
@pytest.mark.parametrize("side", ["left", "right", "up", "down"])
def test_one_half_is_the_mirror_of_the_other(side: str, size: tuple[int, int], lab: Any, noise: Any) -> None:
    for format in ("yuv420p", "yuva444p10le"):
        frame = noise(format, 1, size)
        out = lab("effect", "mirror_half").frame(frame, side=side)
        for before, after in zip(frame.planes, out.planes, strict=True):
            axis = 1 if side in ("left", "right") else 0
            np.testing.assert_array_equal(after, np.flip(after, axis))
            keep = (after.shape[axis] + 1) // 2
            kept = slice(None, keep) if side in ("left", "up") else slice(-keep, None)
            where = (slice(None), kept) if axis else (kept, slice(None))
            np.testing.assert_array_equal(after[where], before[where])


@pytest.mark.parametrize("value", [-1.0, 0.4, 1.0])
def test_tint_turns_red_and_blue_together(value: float, lab: Any, flat: Any) -> None:
    for color in ((0.5, 0.5, 0.5, 1), (0.4, 0.5, 0.3, 1), (0.0, 0.0, 0.0, 1)):
        frame = flat(codes(color, "yuv444p10le", BT709), "yuv444p10le")
        out = lab("effect", "tint").frame(frame, value=value)
        np.testing.assert_array_equal(out.planes[0], frame.planes[0])
        y, u, v = (float(p[0, 0]) for p in out.planes)
        y, u, v = (y - 64) / 876, (u - 512) / 896, (v - 512) / 896
        assert y + 2 * (1 - KR) * v == pytest.approx(color[0] * (1 + 0.3 * value), abs=0.003)
        assert y + 2 * (1 - KB) * u == pytest.approx(color[2] * (1 + 0.3 * value), abs=0.003)
    near = lab("effect", "tint").frame(frame, value=1e-4)
    assert np.abs(near.planes[1].astype(int) - frame.planes[1]).max() <= 1
