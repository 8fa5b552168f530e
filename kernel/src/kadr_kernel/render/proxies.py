"""Proxies in previews: a small film is decoded in its source's place, picture for picture.

Only where a source is drawn no larger than its proxy, so nothing is magnified. Everything else
of the plan stays: sizes, effects, times of the output, and the sound, which proxies do not have.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from kadr_sdk.errors import KadrError, Problem
from kadr_sdk.media import FrameIndex
from kadr_sdk.plan import (
    Call,
    Conform,
    Decode,
    FrameTimes,
    Montage,
    Native,
    Node,
    Place,
    RenderPlan,
    Segment,
    Source,
    walk,
)

from kadr_kernel.render.library import MediaLibrary

__all__ = ["Find", "with_proxies"]

Find = Callable[[Path, int, Fraction], Path | None]
"""The smallest proxy of a stream that is at least so many times as large as it, by path."""


def with_proxies(plan: RenderPlan, find: Find, library: MediaLibrary) -> RenderPlan:
    """The plan with proxies where there are any; the same object where there are none."""
    swap = _Swap(find, library, {})
    segments = tuple(_segment(segment, swap) for segment in plan.segments)
    if not swap.used:
        return plan
    notes = tuple(
        Problem(path, f"a proxy of {size} is shown in its place") for path, size in swap.used.items()
    )
    return replace(plan, segments=segments, notes=plan.notes + notes)


def _segment(segment: Segment, swap: _Swap) -> Segment:
    """The segment over proxies; what is copied from a source is shown as it is."""
    if segment.copy is not None:
        return segment
    return replace(segment, spans=tuple(replace(s, root=_rebuilt(s.root, swap)) for s in segment.spans))


def _rebuilt(root: Node, swap: _Swap) -> Node:
    done: dict[int, Node] = {}
    for node in walk(root):
        done[id(node)] = _node(node, done, swap)
    return done[id(root)]


def _node(node: Node, done: Mapping[int, Node], swap: _Swap) -> Node:
    if isinstance(node, Conform):
        if isinstance(node.input, Decode):
            return swap.conform(node, node.input)
        return _changed(node, input=done[id(node.input)])
    if isinstance(node, Place):
        return _changed(node, base=done[id(node.base)], layer=done[id(node.layer)])
    if isinstance(node, Montage):
        return replace(node, parts=tuple(done[id(part)] for part in node.parts))
    if isinstance(node, Native | Call):
        inputs = tuple(done[id(child)] for child in node.inputs)
        same = all(a is b for a, b in zip(inputs, node.inputs, strict=True))
        return node if same else replace(node, inputs=inputs)
    return node


def _changed(node: Conform | Place, **children: Node) -> Node:
    same = all(getattr(node, name) is child for name, child in children.items())
    return node if same else replace(node, **children)  # type: ignore[arg-type]  # names of nodes, all of them


@dataclass(slots=True)
class _Swap:
    """Looks for proxies.

    Attributes:
        used: size of the proxy by path of its source.
    """

    find: Find
    library: MediaLibrary
    used: dict[str, str]

    def conform(self, node: Conform, decode: Decode) -> Conform:
        """The node over the proxy; itself where there is none."""
        source = decode.source
        if source.still:
            return node
        width, height = source.width, source.height
        upright = (height, width) if node.rotation % 180 else (width, height)
        left, top, right, bottom = node.crop
        shown = max(1, upright[0] - left - right), max(1, upright[1] - top - bottom)
        scale = max(Fraction(node.width, shown[0]), Fraction(node.height, shown[1]))
        try:
            path = self.find(Path(source.path), source.stream, scale)
            return node if path is None else self._over(node, decode, path, upright)
        except KadrError:
            return node  # a proxy that cannot be used is none

    def _over(self, node: Conform, decode: Decode, path: Path, upright: tuple[int, int]) -> Conform:
        video = self.library.probe(path).main_video
        index = self.library.index(Path(decode.source.path), decode.source.stream)
        if video is None or video.rate is None or video.frames != len(index.pts):
            return node
        times = _times(decode, index, video.start, video.rate)
        small = Source(str(path), video.index, video.width, video.height, video.pixel_format, video.color)
        self.used[decode.source.path] = f"{video.width}x{video.height}"
        sides = (video.width, video.height) * 2
        crop = [round(Fraction(cut * sides[n], upright[n % 2])) for n, cut in enumerate(node.crop)]
        return replace(
            node,
            input=Decode(small, times, decode.frames, "off", decode.damage),
            color_from=video.color.filled(video.width, video.height),
            rotation=0,
            mirrored=False,
            crop=(crop[0], crop[1], crop[2], crop[3]),
        )


def _times(decode: Decode, index: FrameIndex, start: Fraction, rate: Fraction) -> FrameTimes:
    """The proxy's times of the pictures that the source would have shown."""
    listed = []
    for number in range(decode.frames):
        ticks = (decode.times.at(number) / index.time_base + Fraction(1, 2)).__floor__()
        listed.append(start + max(0, bisect_right(index.pts, ticks) - 1) / rate)
    return FrameTimes(listed[0], Fraction(0), tuple(listed))
