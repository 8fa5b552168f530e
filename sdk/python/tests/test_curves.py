"""Curves: what is sampled, what stays constant, and parts of samples."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_sdk.curves import Curve, Keyframe, Samples, constant, sample, value_at

SECOND = Fraction(1)
numbers = st.floats(-1e6, 1e6)


def line(*points: tuple[float, float], easing: str = "linear") -> Curve:
    return Curve(tuple(Keyframe(Fraction(t), v, easing) for t, v in points))


def test_constant_before_the_first_and_after_the_last() -> None:
    curve = line((1, 10.0), (2, 20.0))
    assert [curve.at(Fraction(t, 2)) for t in range(6)] == [10.0, 10.0, 10.0, 15.0, 20.0, 20.0]
    assert curve.at(Fraction(-5)) == 10.0


def test_a_keyframes_easing_leads_towards_it() -> None:
    curve = Curve((Keyframe(Fraction(0), 0.0, "ease-in-quad"), Keyframe(SECOND, 1.0)))
    assert curve.at(Fraction(1, 2)) == 0.5
    curve = Curve((Keyframe(Fraction(0), 0.0), Keyframe(SECOND, 1.0, "ease-in-quad")))
    assert curve.at(Fraction(1, 2)) == 0.25


def test_hold_jumps_at_its_keyframe() -> None:
    curve = line((0, 1.0), (1, 5.0), easing="hold")
    assert sample(curve, Fraction(4), 0, 6) == Samples((1.0, 1.0, 1.0, 1.0, 5.0, 5.0))


def test_components_move_together() -> None:
    curve = Curve((Keyframe(Fraction(0), (0.0, 10.0)), Keyframe(SECOND, (1.0, 20.0))))
    assert curve.at(Fraction(1, 2)) == (0.5, 15.0)


@pytest.mark.parametrize("other", [1.0, (1.0, 2.0, 3.0)])
def test_keyframes_of_other_widths_do_not_mix(other: float | tuple[float, ...]) -> None:
    curve = Curve((Keyframe(Fraction(0), (0.0, 10.0)), Keyframe(SECOND, other)))
    with pytest.raises(ValueError, match=r"same number of components|argument 2"):
        curve.at(Fraction(1, 2))


def test_an_overflow_is_no_sample() -> None:
    with pytest.raises(ValueError, match="a curve left the finite numbers"):
        line((0, -1.7e308), (1, 1.7e308)).at(Fraction(1, 2))


def test_no_negative_zero_reaches_a_hash() -> None:
    value = line((0, -1e-12), (1, -1e-12)).at(Fraction(1, 2))
    assert str(value) == "0.0"


def test_what_does_not_change_is_one_value() -> None:
    curve = line((0, 1.0), (1, 2.0))
    assert sample(7, Fraction(25), 0, 100) == 7
    assert sample(curve, Fraction(25), 25, 100) == 2.0
    assert sample(curve, Fraction(25), 0, 1) == 1.0
    assert not constant(sample(curve, Fraction(25), 0, 2))
    assert constant((1.0, 2.0))


@given(st.lists(numbers, min_size=2, max_size=5), st.integers(0, 100), st.integers(1, 100))
def test_samples_are_the_curve_at_each_frame(values: list[float], first: int, count: int) -> None:
    curve = line(*((k, v) for k, v in enumerate(values)))
    sampled = sample(curve, Fraction(25), first, count)
    assert [value_at(sampled, k) for k in range(count)] == [
        curve.at(Fraction(first + k, 25)) for k in range(count)
    ]


def test_sampling_again_from_a_later_frame_gives_the_same_numbers() -> None:
    """A segment cut elsewhere has the same values: nothing depends on where sampling began."""
    curve = line((0, 0.0), (3, 1.0), easing="ease-in-out")
    whole = sample(curve, Fraction(30000, 1001), 0, 90)
    assert isinstance(whole, Samples)
    later = sample(curve, Fraction(30000, 1001), 30, 30)
    assert isinstance(later, Samples)
    assert later.values == whole.values[30:60]
