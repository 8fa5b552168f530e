"""The picture of a sequence within a clip: its own graph, on its own canvas, frame by frame."""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction

from kadr_sdk.frames import pixel_format
from kadr_sdk.plan import Montage, Node, Span

from kadr_kernel.render.canvas import TIMELINE_COLORS, Canvas, converted, with_alpha
from kadr_kernel.render.graph import GraphBuilder
from kadr_kernel.render.layers import LayerBuilder
from kadr_kernel.render.views import ClipView, TimelineView

__all__ = ["NestedGraphs", "nested_frame"]


def nested_frame(view: ClipView, frame: int) -> int:
    """The frame of the sequence that a clip shows at an output frame: the one on screen at that time."""
    assert view.nested is not None
    found = (view.source_time(frame) * view.nested.fps).__floor__()
    return min(max(found, 0), view.nested.frames - 1)


class NestedGraphs:
    """Graphs of the sequences that clips of one timeline show; made once for each of them.

    Args:
        outer: layers of that timeline.
    """

    def __init__(self, outer: LayerBuilder) -> None:
        self._outer = outer
        self._graphs: dict[int, GraphBuilder] = {}

    def graph(self, view: TimelineView) -> tuple[GraphBuilder, bool]:
        """The sequence's graph, and whether it is new and has to be checked."""
        known = self._graphs.get(id(view))
        if known is not None:
            return known, False
        builder = self._outer.like(_canvas(view, self._outer.canvas), view.fps)
        graph = GraphBuilder(view, builder, 0, view.frames, clear=True)
        self._graphs[id(view)] = graph
        builder.nested = NestedGraphs(builder)
        return graph, True

    def node(self, view: ClipView, first: int, end: int) -> Node:
        """What the clip shows of its sequence over frames ``first .. end - 1`` of the clip."""
        assert view.nested is not None
        graph = self._graphs[id(view.nested)]
        numbers = [nested_frame(view, view.start + k) for k in range(first, end)]
        low, high = min(numbers), max(numbers) + 1
        spans = graph.between(low, high).spans([])
        roots = _alike(spans, graph.canvas)
        starts = [s.start for s in spans]
        at = [bisect_right(starts, n - low) - 1 for n in numbers]
        shown = tuple((part, n - low - starts[part]) for part, n in zip(at, numbers, strict=True))
        if len(roots) == 1 and shown == tuple((0, k) for k in range(roots[0].frames)):
            return roots[0]
        return Montage(tuple(roots), shown, graph.canvas.color)


def _alike(spans: list[Span], canvas: Canvas) -> list[Node]:
    """The graphs, all with alpha where one has it."""
    formats = [s.root.format for s in spans]
    if not any(pixel_format(f).alpha for f in formats):
        return [s.root for s in spans]
    return [converted(s.root, with_alpha(canvas.format), canvas.color) for s in spans]


def _canvas(view: TimelineView, outer: Canvas) -> Canvas:
    """At the sequence's own resolution, as much larger or smaller as the output is than its project."""
    scale = Fraction(outer.width, outer.project[0])
    width, height = (max(2, round(side * scale / 2) * 2) for side in view.timeline.resolution)
    if scale == 1:
        width, height = view.timeline.resolution
    color = TIMELINE_COLORS[view.timeline.color]
    return Canvas(width, height, outer.format, color, (0.0, 0.0, 0.0, 0.0), view.timeline.resolution)
