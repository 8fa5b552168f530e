"""Easings: ends, known values, symmetry, and handles that are none."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_sdk.easings import EASINGS, cubic_bezier, easing

FAMILIES = ("back", "bounce", "circ", "cubic", "elastic", "expo", "quad", "quart", "quint", "sine")
OVERSHOOT = ("back", "bounce", "elastic")
STEPS = [k / 200 for k in range(201)]


def test_every_name() -> None:
    penner = [f"ease-{way}-{f}" for way in ("in", "out", "in-out") for f in FAMILIES]
    css = ["ease", "ease-in", "ease-in-out", "ease-out", "linear"]
    assert sorted(EASINGS) == sorted([*penner, *css, "hold"])


@pytest.mark.parametrize("name", sorted(EASINGS))
def test_begins_at_0_and_ends_at_1(name: str) -> None:
    assert easing(name)(0) == pytest.approx(0, abs=1e-12)
    assert easing(name)(1) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("name", sorted(EASINGS))
def test_never_falls_where_it_does_not_overshoot(name: str) -> None:
    values = [easing(name)(t) for t in STEPS]
    if name.rpartition("-")[2] in OVERSHOOT:
        assert any(b < a for a, b in pairwise(values))
        assert all(-0.5 < v < 1.5 for v in values)
    else:
        assert all(b >= a for a, b in pairwise(values))
        assert all(0 <= v <= 1 for v in values)


@pytest.mark.parametrize(
    ("name", "at", "value"),
    [
        ("linear", 0.3, 0.3),
        ("hold", 0.999, 0.0),
        ("ease-in-quad", 0.5, 0.25),
        ("ease-out-quad", 0.5, 0.75),
        ("ease-in-out-cubic", 0.25, 0.0625),
        ("ease-in-sine", 0.5, 1 - math.sqrt(0.5)),
        ("ease-in-expo", 0.5, 2**-5),
        ("ease-in-circ", 0.6, 0.2),
        ("ease-in-back", 0.5, -0.0876975),
        ("ease-out-bounce", 0.5, 0.765625),
        ("ease-in-elastic", 0.4, 0.015625 * -math.sin((4 - 10.75) * 2 * math.pi / 3)),
        # values of browsers, from CSS Easing Functions Level 1
        ("ease", 0.5, 0.8024033877399112),
        ("ease-in", 0.5, 0.31535681257253934),
        ("ease-out", 0.5, 0.6846431874274607),
        ("ease-in-out", 0.5, 0.5),
    ],
)
def test_known_values(name: str, at: float, value: float) -> None:
    assert easing(name)(at) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_out_is_in_turned_about(family: str) -> None:
    for t in STEPS:
        assert easing(f"ease-out-{family}")(t) == pytest.approx(1 - easing(f"ease-in-{family}")(1 - t))
    assert easing(f"ease-in-out-{family}")(0.5) == pytest.approx(0.5, abs=1e-12)


@given(st.floats(0.1, 0.5), st.floats(-2, 3), st.floats(0.5, 0.9), st.floats(-2, 3), st.floats(0, 1))
def test_a_bezier_solves_its_own_equation(x1: float, y1: float, x2: float, y2: float, t: float) -> None:
    """The point of the curve at parameter t lies on the function."""
    x, y = (3 * a * t * (1 - t) ** 2 + 3 * b * t**2 * (1 - t) + t**3 for a, b in ((x1, x2), (y1, y2)))
    assert cubic_bezier(x1, y1, x2, y2)(x) == pytest.approx(y, abs=1e-6)


def test_a_straight_bezier_is_the_straight_line() -> None:
    straight = easing((1 / 3, 1 / 3, 2 / 3, 2 / 3))
    assert [straight(t) for t in STEPS] == pytest.approx(STEPS, abs=1e-12)
    assert straight(-1) == 0
    assert straight(2) == 1


def test_an_unknown_name_has_a_hint() -> None:
    with pytest.raises(ValueError, match=r"unknown easing 'easein'; did you mean 'ease-in'"):
        easing("easein")


@pytest.mark.parametrize(
    ("handles", "message"),
    [
        ((1.1, 0, 1, 1), "the x of a Bezier handle lies within 0 and 1"),
        ((0, 0, -0.1, 1), "the x of a Bezier handle lies within 0 and 1"),
        ((math.nan, 0, 1, 1), "made of finite numbers, at most 1000 from 0"),
        ((0, math.inf, 1, 1), "made of finite numbers"),
        ((0, 10**400, 1, 1), "made of finite numbers"),
        ((0, 0, 1), "is four numbers: x1, y1, x2, y2"),
        ((0, 0, 1, "1"), "is four numbers"),
        ((0, 0, 1, True), "is four numbers"),
        (5, "is four numbers"),
        (None, "is four numbers"),
        ({"a": 1, "b": 2, "c": 3, "d": 4}, "is four numbers"),
    ],
)
def test_what_is_no_handle(handles: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        easing(handles)  # type: ignore[arg-type] # the point of the test
