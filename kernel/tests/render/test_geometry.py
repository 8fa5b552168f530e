"""Where a picture stands: fit, work size, anchors, rotation, whole pixels where nothing moves."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_kernel.render.geometry import Placement, fitted_size, placement, work_size
from kadr_sdk.curves import Curve, Keyframe, Samples
from kadr_sdk.project import Clip, Transform

CANVAS = (1920, 1080)
FPS = Fraction(25)


def ramp(first: float, last: float) -> Curve:
    return Curve((Keyframe(Fraction(0), first), Keyframe(Fraction(1), last)))


def stand(fitted: tuple[float, float] = (1920.0, 1080.0), count: int = 1, **transform: Any) -> Placement:
    return placement(
        Transform.model_construct(**{**Transform().__dict__, **transform}), fitted, CANVAS, FPS, 0, count
    )


class TestFit:
    @pytest.mark.parametrize(
        ("size", "fit", "fitted"),
        [
            ((640, 480), "contain", (1440.0, 1080.0)),
            ((640, 480), "cover", (1920.0, 1440.0)),
            ((640, 480), "stretch", (1920.0, 1080.0)),
            ((640, 480), "none", (640.0, 480.0)),
            ((3840, 1080), "contain", (1920.0, 540.0)),
            ((3840, 1080), "cover", (3840.0, 1080.0)),
            ((1280, 720), "contain", (1920.0, 1080.0)),
            ((1280, 720), "cover", (1920.0, 1080.0)),
        ],
    )
    def test_sizes(self, size: tuple[int, int], fit: str, fitted: tuple[float, float]) -> None:
        assert fitted_size(*size, CANVAS, fit) == fitted

    @given(st.integers(1, 16384), st.integers(1, 16384), st.integers(1, 8000), st.integers(1, 8000))
    def test_contain_fits_and_cover_covers(self, width: int, height: int, cw: int, ch: int) -> None:
        """Against the definition in rationals; a side that touches the canvas is exactly it."""
        ratios = Fraction(cw, width), Fraction(ch, height)
        for fit, ratio in (("contain", min(ratios)), ("cover", max(ratios))):
            assert fitted_size(width, height, (cw, ch), fit) == (float(width * ratio), float(height * ratio))


class TestWorkSize:
    @pytest.mark.parametrize(
        ("source", "scale", "even", "size"),
        [
            ((3840, 2160), 1.0, True, (1920, 1080)),  # no larger than it is shown
            ((640, 360), 1.0, True, (640, 360)),  # no larger than it is
            ((3840, 2160), 0.25, True, (1920, 1080)),  # a small inset keeps what a zoom would need
            ((3840, 2160), 1.5, True, (2880, 1620)),
            ((3840, 2160), 9.0, True, (3840, 2160)),
        ],
    )
    def test_sizes(self, source: tuple[int, int], scale: float, even: bool, size: tuple[int, int]) -> None:
        clip = Clip(id="a", transform=Transform(scale_x=scale, scale_y=scale))
        assert work_size(source, fitted_size(*source, CANVAS, "contain"), clip, even) == size

    def test_the_largest_keyframe_counts(self) -> None:
        zoom = Transform.model_construct(
            **{**Transform().__dict__, "scale_x": ramp(1, 2), "scale_y": ramp(2, 1)}
        )
        clip = Clip.model_construct(transform=zoom)
        assert work_size((9000, 9000), (1920.0, 1080.0), clip, True) == (3840, 2160)

    def test_even_where_chroma_wants_it_but_a_source_as_it_is(self) -> None:
        clip = Clip(id="a")
        assert work_size((4000, 4000), (101.0, 100.4), clip, True) == (102, 102)
        assert work_size((4000, 4000), (101.0, 100.4), clip, False) == (101, 101)
        assert work_size((99, 99), (500.0, 500.0), clip, True) == (99, 99)


class TestPlacement:
    def test_the_neutral_one_covers(self) -> None:
        found = stand()
        assert (found.x, found.y, found.width, found.height, found.rotation) == (960, 540, 1920, 1080, 0)
        assert found.covers(*CANVAS)
        assert not found.covers(1920, 1082)

    @pytest.mark.parametrize("change", [{"scale_x": 0.5}, {"position_x": 0.25}, {"rotation": 90}])
    def test_what_covers_no_longer(self, change: dict[str, Any]) -> None:
        assert not stand(**change).covers(*CANVAS)

    def test_a_full_turn_covers(self) -> None:
        assert stand(rotation=-360.0).covers(*CANVAS)

    @pytest.mark.parametrize(
        ("transform", "centre", "size"),
        [
            (
                {"scale_x": 0.25, "scale_y": 0.25, "position_x": 0.35, "position_y": -0.35},
                (1632, 162),
                (480, 270),
            ),
            ({"scale_x": 0.5, "scale_y": 0.5, "anchor_x": 0.0, "anchor_y": 0.0}, (1440, 810), (960, 540)),
            ({"anchor_x": 1.0, "position_x": 0.5}, (960, 540), (1920, 1080)),
            ({"rotation": 90.0, "anchor_x": 0.0}, (960, 1500), (1920, 1080)),
            ({"rotation": 180.0, "anchor_x": 0.0, "anchor_y": 0.0}, (0, 0), (1920, 1080)),
        ],
    )
    def test_the_anchor_stands_at_the_position(
        self, transform: dict[str, Any], centre: tuple[float, float], size: tuple[float, float]
    ) -> None:
        found = stand(**transform)
        assert (found.x, found.y) == centre
        assert (found.width, found.height) == size

    def test_clockwise(self) -> None:
        """The right end of a picture that turns about its left middle goes down at first."""
        found = stand((100.0, 100.0), rotation=30.0, anchor_x=0.0)
        assert found.x > 960
        assert found.y > 540

    @given(st.floats(0.01, 4), st.floats(0.01, 4), st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 1))
    def test_a_static_upright_layer_lies_on_whole_pixels(
        self, sx: float, sy: float, px: float, py: float, anchor: float
    ) -> None:
        found = stand((333.3, 222.2), scale_x=sx, scale_y=sy, position_x=px, position_y=py, anchor_x=anchor)
        left, top = found.x - found.width / 2, found.y - found.height / 2
        assert all(v == int(v) for v in (left, top, found.width, found.height))
        assert found.width >= 1
        assert abs(found.width - max(1, 333.3 * sx)) <= 0.5 + 1e-9
        wanted = 1920 * (0.5 + px) + (0.5 - anchor) * 333.3 * sx
        assert abs(found.x - wanted) <= 1

    def test_a_moving_one_keeps_its_fractions(self) -> None:
        found = stand(count=25, scale_x=ramp(1.0, 1.1), scale_y=ramp(1.0, 1.1))
        assert not found.static
        assert isinstance(found.width, Samples)
        widths = [float(str(w)) for w in found.width.values]
        steps = [b - a for a, b in pairwise(widths)]
        assert max(steps) - min(steps) < 1e-5, "a slow zoom without jitter"
        assert (found.x, found.rotation) == (960, 0)

    def test_what_stands_still_in_this_stretch_is_constant(self) -> None:
        moving = Transform.model_construct(**{**Transform().__dict__, "position_x": ramp(0.0, 0.5)})
        later = placement(moving, (1920.0, 1080.0), CANVAS, FPS, 25, 10)
        assert later.static
        assert later.x == 1920

    def test_no_last_bits_of_a_platform_reach_the_hash(self) -> None:
        found = stand(rotation=90.0, anchor_x=0.1, anchor_y=0.3)
        assert all(round(v, 6) == v for v in (found.x, found.y, found.width, found.height, found.rotation))
        assert "-0.0" not in repr(stand(position_x=-0.5, position_y=-0.5, rotation=1.0))
