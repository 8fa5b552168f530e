"""Fade through a colour, wipe, slide, push."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

NAMES = ("fade_color", "wipe", "slide", "push")


@pytest.mark.parametrize("format", ["yuv420p", "yuv444p10le", "yuva422p"])
@pytest.mark.parametrize("name", NAMES)
def test_ends(name: str, format: str, lab: Any, noise: Any) -> None:
    transition = lab("transition", name)
    a, b = noise(format, 1, (65, 33)), noise(format, 2, (65, 33))
    for progress, wanted in ((0.0, a), (1.0, b), (-0.2, a), (1.3, b)):
        out = transition.frame(a, b, progress=progress)
        for x, y in zip(out.planes, wanted.planes, strict=True):
            np.testing.assert_array_equal(x, y)


def test_fade_passes_through_the_colour(lab: Any, noise: Any) -> None:
    from kadr_effects.colors import codes

    a, b = noise("yuv420p", 1), noise("yuv420p", 2)
    fade = lab("transition", "fade_color")
    middle = fade.frame(a, b, progress=0.5, color="#ff8000")
    wanted = codes((1, 128 / 255, 0, 1), "yuv420p", a.color)
    assert [set(p.ravel().tolist()) for p in middle.planes] == [{code} for code in wanted]
    quarter = fade.frame(a, b, progress=0.25, color="#ff8000")
    for plane, before, code in zip(quarter.planes, a.planes, wanted, strict=True):
        assert np.abs(plane - (before.astype(float) + code) / 2).max() <= 0.5
    late = fade.frame(a, b, progress=0.75, color="#ff8000")
    assert np.abs(late.planes[0] - (b.planes[0].astype(float) + wanted[0]) / 2).max() <= 0.5


PARTS = {  # direction: where the incoming clip is seen at a quarter of the way, on 64x32
    "left": np.s_[:, 48:],
    "right": np.s_[:, :16],
    "up": np.s_[24:, :],
    "down": np.s_[:8, :],
}


@pytest.mark.parametrize("direction", PARTS)
def test_a_hard_wipe_cuts_at_the_edge(direction: str, lab: Any, noise: Any) -> None:
    a, b = noise("yuv420p", 1, (64, 32)), noise("yuv420p", 2, (64, 32))
    out = lab("transition", "wipe").frame(a, b, progress=0.25, direction=direction)
    expected = a.planes[0].copy()
    expected[PARTS[direction]] = b.planes[0][PARTS[direction]]
    np.testing.assert_array_equal(out.planes[0], expected)
    assert (out.planes[1] == b.planes[1]).mean() == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("direction", PARTS)
def test_a_soft_wipe_has_a_ramp(direction: str, lab: Any, flat: Any) -> None:
    a, b = flat((16, 128, 128), size=(64, 32)), flat((235, 128, 128), size=(64, 32))
    out = lab("transition", "wipe").frame(a, b, progress=0.5, direction=direction, softness=0.5).planes[0]
    line = out[16] if direction in ("left", "right") else out[:, 32]
    line = (line if direction in ("left", "up") else line[::-1]).astype(int)
    assert (np.diff(line) >= 0).all()
    assert line[0] == 16
    assert line[-1] == 235
    assert len(set(line.tolist())) >= len(line) // 3
    assert line[len(line) // 2] == pytest.approx(125, abs=10)


def test_slide_covers_and_push_moves_the_outgoing_clip(lab: Any, noise: Any) -> None:
    a, b = noise("yuv420p", 1, (64, 32)), noise("yuv420p", 2, (64, 32))
    slide = lab("transition", "slide").frame(a, b, progress=0.25, direction="left").planes[0]
    push = lab("transition", "push").frame(a, b, progress=0.25, direction="left").planes[0]
    np.testing.assert_array_equal(slide[:, 48:], b.planes[0][:, :16])
    np.testing.assert_array_equal(slide[:, :48], a.planes[0][:, :48])
    np.testing.assert_array_equal(push[:, 48:], b.planes[0][:, :16])
    np.testing.assert_array_equal(push[:, :48], a.planes[0][:, 16:])
    down = lab("transition", "push").frame(a, b, progress=0.25, direction="down").planes[0]
    np.testing.assert_array_equal(down[:8], b.planes[0][24:])
    np.testing.assert_array_equal(down[8:], a.planes[0][:24])


def test_luma_and_chroma_move_together(lab: Any, noise: Any) -> None:
    a, b = noise("yuv420p", 1, (64, 32)), noise("yuv420p", 2, (64, 32))
    for progress in np.linspace(0, 1, 23):
        out = lab("transition", "slide").frame(a, b, progress=float(progress), direction="right")
        new = [int((p == q).all(axis=0).sum()) for p, q in zip(out.planes, a.planes, strict=True)]
        assert new[0] == 2 * new[1] == 2 * new[2]
