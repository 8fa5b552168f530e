"""What outputs of one edit make for each other."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from kadr_kernel.render.reuse import Part
from kadr_kernel.render.together import Together
from kadr_sdk.color import BT709
from kadr_sdk.output import Output, VideoEncoding
from kadr_sdk.plan import RenderPlan, Segment, Solid, Span


def plan(name: str, *shades: float, form: str = "yuv420p") -> RenderPlan:
    """One segment for each shade; its hash is of the output and the shade."""
    segments = []
    for index, shade in enumerate(shades):
        root = Solid((shade, 0.0, 0.0, 1.0), 64, 36, form, BT709, 5)
        span = Span(index * 5, 5, root)
        segments.append(Segment(index, index * 5, 5, (span,), hash=f"{name}{shade}"))
    output = Output(name, "mp4", VideoEncoding("h264", form, 64, 36, Fraction(25)))
    return RenderPlan("p", output, 5 * len(shades), tuple(segments), None, "memory")


def names(found: list[tuple[RenderPlan, Segment]]) -> list[str]:
    return [segment.hash for _, segment in found]


def test_what_shows_the_same_is_made_beside(tmp_path: Path) -> None:
    a, b, c = plan("a", 0.1, 0.2), plan("b", 0.2, 0.3), plan("c", 0.1, 0.2, form="yuv444p")
    together = Together([a, b, c], tmp_path)
    assert names(together.beside(a.segments[0])) == []
    assert names(together.beside(a.segments[1])) == ["b0.2"], "another pixel format is another graph"
    assert names(together.beside(a.segments[1])) == [], "planned already"
    assert names(together.beside(b.segments[1])) == []


def test_parts_wait_for_their_turn(tmp_path: Path) -> None:
    a, b = plan("a", 0.1), plan("b", 0.1)
    together = Together([a, b, plan("a", 0.1)], tmp_path)
    assert together.get("b0.1") is None
    part = Part(together.path_of(b.segments[0]), "digest")
    together.put("b0.1", part)
    assert together.get("b0.1") is part
    first, second = together.path("a0.1"), together.path("a0.1")
    assert first is not None, "two outputs want it"
    assert first != second, "one output may show it twice at once"
    assert together.path("b0.1") is None
