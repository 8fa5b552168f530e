from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from kadr_effects.colors import codes
from kadr_effects.generators.test_card import BITS
from kadr_sdk.color import BT601_525, BT709, BT2020

NAMES = ("color", "bars", "gradient", "test_card")


@pytest.mark.parametrize(("name", "size"), [(n, s) for n in NAMES for s in ((320, 180), (65, 33), (16, 2))])
@pytest.mark.parametrize("format", ["yuv420p", "yuv422p10le", "yuv444p16le"])
def test_every_sample_is_drawn_and_repeats(name: str, size: Any, format: str, lab: Any) -> None:
    generator = lab("generator", name)
    one, other = (generator.frame(canvas=size, format=format, number=5) for _ in range(2))
    top = {"yuv420p": 255, "yuv422p10le": 1023, "yuv444p16le": 65535}[format]
    for a, b in zip(one.planes, other.planes, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.max() <= top


@pytest.mark.parametrize("color", [BT709, BT601_525, BT2020, replace(BT709, range="pc")])
def test_a_solid_has_the_codes_of_its_colour(color: Any, lab: Any) -> None:
    out = lab("generator", "color").frame(canvas=(16, 8), format="yuv444p10le", space=color)
    assert [int(p[0, 0]) for p in out.planes] == ([0, 512, 512] if color.range == "pc" else [64, 512, 512])


def test_codes_of_known_colours() -> None:
    """Against the tables of ITU-R BT.709 and BT.601 for 8 bit 75 % and 100 % bars."""
    assert codes((1, 1, 1, 1), "yuv420p", BT709) == (235, 128, 128)
    assert codes((1, 0, 0, 1), "yuv420p", BT709) == (63, 102, 240)
    assert codes((0, 0, 1, 1), "yuv420p", BT709) == (32, 240, 118)
    assert codes((1, 0, 0, 1), "yuv420p", BT601_525) == (81, 90, 240)
    assert codes((0.75, 0.75, 0, 1), "yuv420p", BT601_525) == (162, 44, 142)
    assert codes((0, 1, 0, 0.5), "yuva420p", replace(BT601_525, range="pc")) == (150, 44, 21, 128)


def test_bars_are_the_bars(lab: Any) -> None:
    out = lab("generator", "bars").frame(canvas=(700, 400), format="yuv444p")
    for number, rgb in enumerate(
        [(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1)]
    ):
        wanted = codes((*(0.75 * c for c in rgb), 1), "yuv444p", BT709)
        assert [int(p[100, 100 * number + 50]) for p in out.planes] == list(wanted)
    assert int(out.planes[0][390, 180]) == 235
    pluge = [int(out.planes[0][390, int(700 * (5 / 7 + (k + 0.5) / 21))]) for k in range(3)]
    assert pluge == [7, 16, 25]


def test_a_gradient_runs_from_edge_to_edge_without_bands(lab: Any) -> None:
    out = (
        lab("generator", "gradient")
        .frame(canvas=(256, 64), format="yuv420p", start_color="#404040", end_color="#484848")
        .planes[0]
    )
    low, high = (
        codes((64 / 255,) * 3 + (1,), "yuv420p", BT709)[0],
        codes((72 / 255,) * 3 + (1,), "yuv420p", BT709)[0],
    )
    means = out.reshape(64, 32, 8).mean(axis=(0, 2))
    assert (np.diff(means) > 0).all(), "a band: neighbouring blocks are equal"
    assert means[0] == pytest.approx(low, abs=0.3)
    assert means[-1] == pytest.approx(high, abs=0.3)


def test_gradient_directions(lab: Any) -> None:
    def corners(**kw: Any) -> list[int]:
        plane = lab("generator", "gradient").frame(canvas=(64, 64), format="yuv444p", **kw).planes[0]
        return [int(v) for v in (plane[0, 0], plane[0, -1], plane[-1, 0], plane[32, 32])]

    left, right, _, _ = corners()
    assert left < 25 < 225 < right
    top_left, top_right, bottom, _ = corners(angle=90.0)
    assert top_left < 25
    assert top_right < 25
    assert bottom > 225
    assert corners(angle=180.0)[0] > 225
    edge, _, _, centre = corners(shape="radial")
    assert centre < 25
    assert edge > 225


@pytest.mark.parametrize("number", [0, 1, 7, 1234, 65535])
def test_the_card_says_its_number(number: int, lab: Any) -> None:
    plane = lab("generator", "test_card").frame(canvas=(320, 180), number=number).planes[0]
    bits = [int(plane[175, int((k + 0.5) * 320 / BITS)] > 125) for k in range(BITS)]
    assert int("".join(map(str, bits)), 2) == number


def test_the_card_moves_and_counts(lab: Any) -> None:
    cards = [lab("generator", "test_card").frame(canvas=(320, 180), number=k).planes[0] for k in (3, 4)]
    assert not np.array_equal(cards[0][61:115], cards[1][61:115])
    places = [int(np.flatnonzero(card[140] == 235).mean()) for card in cards]
    assert places[0] < places[1]
