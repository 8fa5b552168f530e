"""Titles: where the letters stand, what they are made of, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_effects.colors import codes
from kadr_effects.generators.text import Text
from kadr_sdk.color import BT709
from kadr_sdk.errors import InvalidParameterError

CANVAS = (320, 180)


def title(lab: Any, format: str = "yuva444p", **given: Any) -> Any:
    return lab("generator", "text").frame(canvas=CANVAS, format=format, **given)


def extent(alpha: Any) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is there."""
    rows, columns = np.nonzero(alpha)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


@pytest.mark.parametrize(("format", "one"), [("yuva444p", 1), ("yuva420p", 1), ("yuva444p10le", 4)])
def test_letters_have_their_colour_and_soft_edges(format: str, one: int, lab: Any) -> None:
    out = title(lab, format, text="OO", size=80, color="#ff8000")
    top = 256 * one - 1
    full = out.planes[3] == top
    assert full.sum() > 300
    assert ((out.planes[3] > 0) & ~full).sum() > 0
    wanted = codes((1.0, 0x80 / 255, 0.0, 1.0), format, BT709)
    assert (out.planes[0] == wanted[0]).all(), "colour is straight: the same under every alpha"
    assert (out.planes[1] == wanted[1]).all()


def test_it_stands_where_it_is_put(lab: Any) -> None:
    middle = extent(title(lab, text="HHH", size=40).planes[3])
    assert (middle[0] + middle[2]) / 2 == pytest.approx(160, abs=2)
    assert (middle[1] + middle[3]) / 2 == pytest.approx(90, abs=5)
    left = extent(title(lab, text="HHH", size=40, align="left").planes[3])
    right = extent(title(lab, text="HHH", size=40, align="right").planes[3])
    assert left[0] == pytest.approx(160, abs=5)
    assert right[2] == pytest.approx(160, abs=5)
    moved = extent(title(lab, text="HHH", size=40, position=[0.25, 0.75]).planes[3])
    assert [b - a for a, b in zip(middle, moved, strict=True)] == [-80, 45, -80, 45]


def test_size_and_outline_and_lines(lab: Any) -> None:
    small, large = (extent(title(lab, text="H", size=s).planes[3]) for s in (40, 80))
    assert (large[3] - large[1]) / (small[3] - small[1]) == pytest.approx(2, abs=0.1)
    framed = extent(title(lab, text="H", size=40, outline=5).planes[3])
    assert [a - b for a, b in zip(small, framed, strict=True)] == pytest.approx([5, 5, -5, -5], abs=1)
    two = extent(title(lab, text="H\nH", size=40, line_height=1.5).planes[3])
    assert two[3] - two[1] == pytest.approx(small[3] - small[1] + 60, abs=6)


def test_an_outline_lies_behind_the_letters(lab: Any) -> None:
    plain = title(lab, text="H", size=80, color="#ffffff")
    framed = title(lab, text="H", size=80, color="#ffffff", outline=4, outline_color="#000000")
    solid = plain.planes[3] == 255
    assert (framed.planes[0][solid] == 235).all()
    ring = (framed.planes[3] == 255) & (plain.planes[3] == 0)
    assert ring.sum() > 100
    assert (framed.planes[0][ring] == 16).all()


def test_a_box_is_mixed_by_its_alpha(lab: Any) -> None:
    letters = extent(title(lab, text="HHH", size=40).planes[3])
    out = title(lab, text="HHH", size=40, color="#ffffff", box_color="#0000ff80", box_padding=10)
    box = extent(out.planes[3])
    assert box[0] == pytest.approx(letters[0] - 10, abs=5)
    assert box[2] == pytest.approx(letters[2] + 10, abs=5)
    corner = out.planes[3][box[1], box[0]], out.planes[0][box[1], box[0]]
    assert (int(corner[0]), int(corner[1])) == (128, codes((0, 0, 1, 1), "yuva444p", BT709)[0])
    assert int(out.planes[3].max()) == 255


def test_no_text_is_nothing(lab: Any) -> None:
    assert not title(lab, text=" ", box_color="#ff0000").planes[3].any()


def test_wrong_values_are_refused(tmp_path: Path) -> None:
    (tmp_path / "no.ttf").write_bytes(b"no font")
    with pytest.raises(InvalidParameterError, match=r"no\.ttf cannot be read as a font"):
        Text().check({"text": "a", "font": tmp_path / "no.ttf"})
    with pytest.raises(InvalidParameterError, match="more than 2000 letters"):
        Text().check({"text": "a" * 2001, "font": None})
    with pytest.raises(InvalidParameterError, match="comes along has no letters Я ж"):
        Text().check({"text": "Яж a", "font": None})
    Text().check({"text": "A title, 100 %!\nAnd more", "font": None})
