"""Plan data: one canonical form, hashes without position or path, walks."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_sdk.color import BT709
from kadr_sdk.curves import Samples
from kadr_sdk.effects import FilterSpec
from kadr_sdk.output import Output, VideoEncoding
from kadr_sdk.params import FilePath
from kadr_sdk.plan import (
    AudioClip,
    AudioPlan,
    Call,
    Conform,
    Copy,
    Decode,
    FrameTimes,
    Native,
    Place,
    Ramp,
    RenderPlan,
    Segment,
    Solid,
    Source,
    Span,
    canonical,
    content_hash,
    media_paths,
    walk,
)

STEP = Fraction(1, 25)
SOURCE = Source("a.mp4", 0, 64, 36, "yuv420p", BT709)
DECODE = Decode(SOURCE, FrameTimes(Fraction(2), STEP), 50)
CONFORM = Conform(DECODE, 32, 18, "yuv420p", BT709, BT709)
SOLID = Solid((0.0, 0.0, 0.0, 1.0), 64, 36, "yuv420p", BT709, 50)
PLACE = Place(SOLID, CONFORM, 32.0, 18.0, 32.0, 18.0, opacity=Samples((0.0, 0.5)))
BLUR = Native((PLACE,), (FilterSpec.of("gblur", sigma=2.0),), 64, 36, "yuv420p", "kadr.blur", 1)
CALL = Call((BLUR,), "x.y", "effect", 1, "d" * 64, (("v", 1.0),), 64, 36, "yuv420p", BT709, 50, Fraction(25))


def digests(path: str) -> str:
    return {"a.mp4": "A", "same.mp4": "A", "b.mp4": "B"}[path]


def test_frame_times() -> None:
    assert FrameTimes(Fraction(2), STEP).at(5) == Fraction(11, 5)
    assert FrameTimes(Fraction(2), -STEP).at(50) == 0
    assert FrameTimes(Fraction(0), STEP, (Fraction(1), Fraction(7))).at(1) == 7


def test_a_node_has_the_size_of_what_it_delivers() -> None:
    assert (DECODE.width, DECODE.height, DECODE.format) == (64, 36, "yuv420p")
    assert (PLACE.width, PLACE.height, PLACE.format, PLACE.frames) == (64, 36, "yuv420p", 50)
    assert (CONFORM.frames, BLUR.frames) == (50, 50)


def test_walk_visits_inputs_first() -> None:
    found = list(walk(CALL))
    assert found[-3:] == [PLACE, BLUR, CALL]
    assert sorted(map(repr, found[:-3])) == sorted(map(repr, [SOLID, DECODE, CONFORM]))
    assert found.index(DECODE) < found.index(CONFORM)
    deep = SOLID
    for _ in range(5000):  # more than Python would recurse
        deep = Place(deep, CONFORM, 1.0, 1.0, 1.0, 1.0)  # type: ignore[assignment]  # any node
    assert sum(1 for _ in walk(deep)) == 5000 * 3 + 1


def test_media_paths_are_those_of_pictures_and_sound() -> None:
    sound = AudioPlan(48000, "stereo", 2, 96000, (AudioClip("b.mp4", 1, 0, 100, Fraction(0)),))
    video = VideoEncoding("h264", "yuv420p", 64, 36, Fraction(25))
    segment = Segment(0, 0, 50, (Span(0, 50, CALL),))
    plan = RenderPlan("p", Output("mp4", "mp4", video), 50, (segment,), sound, "memory")
    assert media_paths(plan) == {"a.mp4", "b.mp4"}
    assert media_paths(replace(plan, segments=(), audio=None)) == set()
    assert plan.seconds == 2
    assert replace(plan, output=Output("wav", "wav")).seconds == 2
    assert replace(plan, output=Output("wav", "wav"), audio=None).seconds == 0
    assert plan.portable
    assert not replace(plan, segments=(replace(segment, portable=False),)).portable


class TestCanonical:
    def test_forms(self) -> None:
        assert canonical(Fraction(1, 3)) == "1/3"
        assert canonical(Samples((1.0, Fraction(1, 2)))) == {"samples": [1.0, "1/2"]}
        assert canonical({"b": (1, 2), "a": None}) == {"a": None, "b": [1, 2]}
        assert canonical(Ramp(0, 5, 0.0, 1.0)) == {
            "type": "Ramp", "start": 0, "stop": 5, "a": 0.0, "b": 1.0, "shape": "linear",
        }  # fmt: skip

    def test_it_is_json(self) -> None:
        assert json.loads(json.dumps(canonical(CALL))) == canonical(CALL)

    def test_a_tuple_is_no_samples(self) -> None:
        assert canonical((1.0, 2.0)) != canonical(Samples((1.0, 2.0)))

    def test_types_do_not_pass_for_one_another(self) -> None:
        assert content_hash(Fraction(1)) != content_hash(1)
        assert content_hash(True) != content_hash(1)
        assert content_hash(None) != content_hash("None")

    def test_not_a_number_has_no_hash(self) -> None:
        with pytest.raises(ValueError, match="JSON compliant"):
            content_hash(float("nan"))

    def test_what_is_no_plan_data_has_no_hash(self) -> None:
        with pytest.raises(TypeError, match="not JSON serializable"):
            content_hash({1, 2})

    def test_a_dicts_order_does_not_matter(self) -> None:
        assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})


class TestHash:
    def test_it_is_the_same_in_every_version_of_python(self) -> None:
        """Pinned: a change of this value makes every cache worthless and needs a reason."""
        assert content_hash(Span(7, 50, SOLID)) == (
            "c84da1cf6d0dcb0895af3e10a0ba5329f3f9b0900f8d1303d90efa909ccef8d9"
        )

    def test_a_span_is_the_same_wherever_it_stands(self) -> None:
        assert content_hash(Span(0, 50, CALL)) == content_hash(Span(999, 50, CALL))
        assert content_hash(Span(0, 50, CALL)) != content_hash(Span(0, 49, CALL))

    def test_a_files_digest_stands_for_its_path(self) -> None:
        same = replace(DECODE, source=replace(SOURCE, path="same.mp4"))
        other = replace(DECODE, source=replace(SOURCE, path="b.mp4"))
        assert content_hash(DECODE, digests) == content_hash(same, digests)
        assert content_hash(DECODE, digests) != content_hash(other, digests)
        assert content_hash(DECODE) != content_hash(same)
        assert "a.mp4" not in json.dumps(canonical(DECODE, digests))

    def test_names_of_track_and_clip_do_not_matter(self) -> None:
        one = AudioClip("a.mp4", 1, 0, 100, Fraction(0))
        assert content_hash(one) == content_hash(replace(one, track="x", clip="y"))

    @pytest.mark.parametrize(
        "node", [SOURCE, DECODE, CONFORM, SOLID, PLACE, BLUR, CALL], ids=lambda n: type(n).__name__
    )
    def test_every_field_counts(self, node: Any) -> None:
        """A field that did not reach the hash would let a wrong cached segment through."""
        for item in fields(node):
            assert item.metadata.get("hash", True), item.name
            other = replace(node, **{item.name: "something else"})
            assert content_hash(other) != content_hash(node), item.name


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_the_canonical_form_is_its_own(value: Any) -> None:
    assert canonical(canonical(value)) == canonical(value)
    assert content_hash(canonical(value)) == content_hash(value)


def test_files_of_effects_are_media_of_the_plan() -> None:
    native = Native((SOLID,), (FilterSpec("lut3d", (("file", FilePath("n.cube")),)),), 64, 36, "yuv420p")
    call = replace(CALL, inputs=(native,), values=(("file", FilePath("c.cube")), ("title", "c.cube ")))
    segment = Segment(0, 0, 50, (Span(0, 50, call),))
    plan = RenderPlan("p", Output("mp4", "mp4"), 50, (segment,), None, "memory")
    assert media_paths(plan) == {"n.cube", "c.cube"}
    assert "n.cube" in str(canonical(call))
    assert "D-n.cube" in str(canonical(call, lambda path: f"D-{path}"))


def test_the_hash_of_a_copy_knows_the_content_and_not_the_path_or_size() -> None:
    copy = Copy("a.mp4", 0, "h264", 20, 80, bytes=1000)
    same = Copy("same.mp4", 0, "h264", 20, 80, bytes=2)
    assert content_hash(copy, digests) == content_hash(same, digests)
    for other in (replace(copy, path="b.mp4"), replace(copy, first=40), replace(copy, count=60)):
        assert content_hash(copy, digests) != content_hash(other, digests)
