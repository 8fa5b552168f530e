"""The nodes of a plan's graphs: a closed set, which every backend carries out.

Every frame that a node delivers has the node's ``width``, ``height`` and ``format``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from kadr_sdk.color import Color
from kadr_sdk.effects import FilterSpec

__all__ = [
    "Call",
    "Conform",
    "Decode",
    "FrameTimes",
    "Montage",
    "Native",
    "Node",
    "Place",
    "Solid",
    "Source",
    "walk",
]


@dataclass(frozen=True, slots=True)
class Source:
    """A video stream of a media file. In the hash the file's digest stands for the path."""

    path: str
    stream: int
    width: int
    height: int
    format: str
    color: Color
    still: bool = False


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """Which source time each frame shows: ``start + k * step``, or the ``k``-th of a list.

    Attributes:
        start: seconds in the source at the node's first frame.
        step: seconds a frame; negative backwards, 0 to hold.
        listed: where the speed varies, the time of every frame instead.
    """

    start: Fraction
    step: Fraction
    listed: tuple[Fraction, ...] = ()

    def at(self, frame: int) -> Fraction:
        """Source time of a frame counted from the node's first."""
        return self.listed[frame] if self.listed else self.start + frame * self.step


@dataclass(frozen=True, slots=True)
class Decode:
    """Frames of a source as they come out of the decoder: the frame on screen at each time.

    The one with the greatest timestamp not after the time (tolerance: half a tick); before
    the first frame, the first; after the end, the last (the planner has refused a clip
    longer than its media unless holding was asked for).

    Attributes:
        deinterlace: ``off``, or the field order ``tff`` or ``bff`` to deinterlace by.
        damage: what to do where a frame cannot be decoded: ``error``, ``hold`` or ``black``.
    """

    source: Source
    times: FrameTimes
    frames: int
    deinterlace: str = "off"
    damage: str = "error"

    @property
    def width(self) -> int:
        """Coded width."""
        return self.source.width

    @property
    def height(self) -> int:
        """Coded height."""
        return self.source.height

    @property
    def format(self) -> str:
        """The decoder's pixel format."""
        return self.source.format


@dataclass(frozen=True, slots=True)
class Conform:
    """Upright, cropped, scaled and converted in one step: the only conversion of a source.

    Order: turn by ``rotation`` clockwise, mirror, crop, scale, convert.

    Attributes:
        crop: pixels cut from left, top, right and bottom of the upright picture.
        color_from, color: what comes in and what goes out; exact
            (``accurate_rnd+bitexact``) and explicit. High dynamic range comes down to SDR
            by the EETF of ITU-R BT.2390 to 203 cd/m2.
        peak: the brightest of what comes in, cd/m2; 0: what its curve is usually made for, 1000.
    """

    input: Node
    width: int
    height: int
    format: str
    color_from: Color
    color: Color
    rotation: int = 0
    mirrored: bool = False
    crop: tuple[int, int, int, int] = (0, 0, 0, 0)
    peak: float = 0.0

    @property
    def frames(self) -> int:
        """As the input."""
        return self.input.frames


@dataclass(frozen=True, slots=True)
class Solid:
    """One colour, straight RGBA 0..1."""

    rgba: tuple[float, float, float, float]
    width: int
    height: int
    format: str
    color: Color
    frames: int


@dataclass(frozen=True, slots=True)
class Native:
    """Effect carried out by libavfilter nodes in a chain from the inputs to the output.

    Attributes:
        filters: the first takes all inputs.
        effect: id and version, for messages.
        portable: the same bytes on every processor.
    """

    inputs: tuple[Node, ...]
    filters: tuple[FilterSpec, ...]
    width: int
    height: int
    format: str
    effect: str = ""
    version: int = 0
    portable: bool = True

    @property
    def frames(self) -> int:
        """As the first input, cut to this node's own when it is a window's centre."""
        return self.inputs[0].frames


@dataclass(frozen=True, slots=True)
class Call:
    """Effect carried out by Python (or a guest) over planes.

    Attributes:
        effect: contribution id; ``kind`` says in which catalogue (effect, transition, generator).
        digest: of the code, in the hash.
        values: sampled parameters by name, of a sequential effect over ``lead + frames + trail``
            frames; ``progress`` among them for transitions.
        first: number of this node's first frame since the start of the clip.
        total: frames of the clip (or transition).
        lead, trail: frames that the inputs have before and after this node's own, so that a
            window finds its neighbours; at the ends of the clip the edge frame is repeated.
        window: frames wanted before and after.
        sequential: frames come in order; ``lead`` reaches back to the clip's start.
        scale: pixels here for one pixel of the project, applied to spatial values already.
        purpose: what the picture is for: ``export`` or ``preview``.
    """

    inputs: tuple[Node, ...]
    effect: str
    kind: str
    version: int
    digest: str
    values: tuple[tuple[str, Any], ...]
    width: int
    height: int
    format: str
    color: Color
    frames: int
    rate: Fraction
    first: int = 0
    total: int = 0
    seed: int = 0
    window: tuple[int, int] = (0, 0)
    lead: int = 0
    trail: int = 0
    sequential: bool = False
    portable: bool = True
    scale: float = 1.0
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A layer over a base of the canvas' size and format; the output is the canvas.

    ``x``, ``y``, ``layer_width``, ``layer_height``, ``rotation`` and ``opacity`` are numbers
    or :class:`~kadr_sdk.curves.Samples`. Alpha of the layer is straight.

    Attributes:
        x, y: the layer's centre on the canvas in pixels (top left corner of the canvas 0, 0).
        layer_width, layer_height: size on the canvas in pixels, may be fractions.
        rotation: degrees clockwise about the layer's centre.
        opacity: 0..1.
        blend: name of the blend mode.
    """

    base: Node
    layer: Node
    x: Any
    y: Any
    layer_width: Any
    layer_height: Any
    rotation: Any = 0.0
    opacity: Any = 1.0
    blend: str = "normal"

    @property
    def width(self) -> int:
        """Of the canvas."""
        return self.base.width

    @property
    def height(self) -> int:
        """Of the canvas."""
        return self.base.height

    @property
    def format(self) -> str:
        """Of the canvas."""
        return self.base.format

    @property
    def frames(self) -> int:
        """As the base."""
        return self.base.frames


@dataclass(frozen=True, slots=True)
class Montage:
    """Frames of several graphs of one size and format, in an order of its own: a nested timeline.

    Attributes:
        shown: of every frame the number of the part and the frame of it.
    """

    parts: tuple[Node, ...]
    shown: tuple[tuple[int, int], ...]
    color: Color

    @property
    def width(self) -> int:
        """Of the parts."""
        return self.parts[0].width

    @property
    def height(self) -> int:
        """Of the parts."""
        return self.parts[0].height

    @property
    def format(self) -> str:
        """Of the parts."""
        return self.parts[0].format

    @property
    def frames(self) -> int:
        """As many as are listed."""
        return len(self.shown)


Node = Decode | Conform | Solid | Native | Call | Place | Montage
"""A stage of a span's graph."""


def walk(node: Node) -> Iterator[Node]:
    """A node and all nodes below it, inputs first."""
    # Without recursion: a hundred layers are a chain of a hundred nodes.
    order = [node]
    for found in order:
        order += reversed(_inputs(found))
    return reversed(order)


def _inputs(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Conform):
        return (node.input,)
    if isinstance(node, Place):
        return (node.base, node.layer)
    if isinstance(node, Montage):
        return node.parts
    return node.inputs if isinstance(node, Native | Call) else ()
