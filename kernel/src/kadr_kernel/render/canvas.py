"""The canvas: size, pixel format and colour in which layers meet."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kadr_sdk.color import BT601_525, BT709, BT2020, BT2100_HLG, BT2100_PQ, Color
from kadr_sdk.frames import FORMATS, pixel_format
from kadr_sdk.output import VideoEncoding
from kadr_sdk.params import parse_color
from kadr_sdk.plan import Conform, Node, Solid
from kadr_sdk.project import Timeline

__all__ = ["TIMELINE_COLORS", "Canvas", "came_as", "canvas_for", "converted", "fitting_format", "with_alpha"]

TIMELINE_COLORS = {
    "bt709": BT709,
    "bt601": BT601_525,
    "bt2020": BT2020,
    "bt2100-pq": BT2100_PQ,
    "bt2100-hlg": BT2100_HLG,
}
"""What a timeline or an output can be in, by its name in the project file."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """What every layer is converted to.

    Attributes:
        project: resolution that spatial parameters are measured in.
        peak: the brightest light that media in PQ state, cd/m2; 0: nothing is stated.
    """

    width: int
    height: int
    format: str
    color: Color
    background: tuple[float, float, float, float]
    project: tuple[int, int]
    peak: float = 0.0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height

    def solid(self, frames: int, *, transparent: bool = False) -> Solid:
        """The background, or nothing at all in the format with alpha."""
        rgba = (0.0, 0.0, 0.0, 0.0) if transparent else self.background
        name = with_alpha(self.format) if transparent else self.format
        return Solid(rgba, self.width, self.height, name, self.color, frames)


def canvas_for(timeline: Timeline, encoding: VideoEncoding, peak: float = 0.0) -> Canvas:
    """The canvas of an output: its size, and its pixel format where layers can meet in it.

    High dynamic range has at least ten bits, whatever the output has.
    """
    known = FORMATS.get(encoding.pixel_format)
    format = encoding.pixel_format if known and not known.rgb and known.planes == 3 else "yuv444p"
    if known is not None and known.alpha and not known.rgb:
        format = encoding.pixel_format.replace("yuva", "yuv")
    if known is not None and known.planes == 1 and not known.rgb:
        format = "yuv444p" if known.depth == 8 else "yuv444p10le"
    if known is not None and known.rgb and known.depth > 8:
        format = "yuv444p16le"
    red, green, blue, _ = parse_color(timeline.background)
    color = TIMELINE_COLORS[timeline.color]
    if color.high_range and pixel_format(format).depth == 8:
        format += "10le"
    background = (red, green, blue, 1.0)
    return Canvas(encoding.width, encoding.height, format, color, background, timeline.resolution, peak)


def came_as(color: Color, width: int, height: int, timeline: Color, *, rgb: bool = False) -> Color:
    """The colour of a medium, its untagged parts decided by its size.

    On a timeline of BT.601 what is taken for BT.601 and tagged with no primaries has the timeline's.
    """
    found = color.filled(width, height, rgb=rgb)
    if color.primaries == "unknown" and found.matrix == timeline.matrix == BT601_525.matrix:
        found = replace(found, primaries=timeline.primaries)
    return found


def with_alpha(name: str) -> str:
    """The format of the same kind that has alpha, 16 bit where there is none of the depth."""
    layout = pixel_format(name)
    if layout.alpha:
        return name
    candidate = name.replace("yuv", "yuva", 1)
    return candidate if candidate in FORMATS else f"yuva{name[3:6]}p16le"


def fitting_format(current: str, accepted: tuple[str, ...]) -> str:
    """The accepted format that loses least: the same, then alpha, depth and chroma kept."""
    if not accepted or current in accepted:
        return current
    have = pixel_format(current)

    def loss(name: str) -> tuple[bool, bool, bool, int, int]:
        offer = pixel_format(name)
        coarser = offer.log2_chroma[0] > have.log2_chroma[0] or offer.log2_chroma[1] > have.log2_chroma[1]
        extra = (
            abs(offer.depth - have.depth) + 100 * (offer.alpha != have.alpha) + 10 * (offer.rgb != have.rgb)
        )
        missing = have.alpha and not offer.alpha
        return missing, offer.depth < have.depth, coarser, extra, accepted.index(name)

    return min(accepted, key=loss)


def converted(
    node: Node,
    format: str,
    color: Color,
    size: tuple[int, int] | None = None,
    to: Color | None = None,
    peak: float = 0.0,
) -> Node:
    """The node in another format, size or colour; itself where it already is.

    Args:
        color: of the node, where it is not RGB.
        to: of the result, where it is not RGB; None: the same.
        peak: the brightest light in the node, cd/m2, where it must be brought down.
    """
    width, height = size or (node.width, node.height)
    to = color if to is None else to
    if node.format == format and (width, height) == (node.width, node.height) and to == color:
        return node
    rgb = pixel_format(node.format).rgb
    source = color.filled(width, height, rgb=True) if rgb else color
    target = Color("gbr", to.primaries, to.transfer, "pc") if pixel_format(format).rgb else to
    return Conform(node, width, height, format, source, target, peak=peak)
