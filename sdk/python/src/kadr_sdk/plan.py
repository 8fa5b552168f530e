"""The plan: what will be made, as plain immutable data.

``Project > Timeline > Graph > Spans > Segments``. A *span* is a stretch of frames with one
graph of nodes; a *segment* is a unit of encoding, many spans in one encoder session. Nodes
hold no timeline position: frame 0 of a node is the first frame of its span, times count
from the clip's own start. So a segment is the same wherever it stands, and its content
hash says all that its bytes depend on.

Every frame that a node delivers has the node's ``width``, ``height`` and ``format``.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from fractions import Fraction
from typing import Any

from kadr_sdk.color import Color
from kadr_sdk.curves import Samples
from kadr_sdk.effects import FilterSpec
from kadr_sdk.errors import Problem
from kadr_sdk.output import Output
from kadr_sdk.params import FilePath
from kadr_sdk.plan_sound import (
    Acting,
    AudioBus,
    AudioClip,
    AudioFilters,
    AudioPlan,
    AudioStage,
    Duck,
    LoudnessTarget,
    Ramp,
    SoundCall,
    Warp,
)

__all__ = [
    "Acting",
    "AudioBus",
    "AudioClip",
    "AudioFilters",
    "AudioPlan",
    "AudioStage",
    "Call",
    "Conform",
    "Copy",
    "Decode",
    "Duck",
    "FrameTimes",
    "LoudnessTarget",
    "Montage",
    "Native",
    "Node",
    "Place",
    "Ramp",
    "RenderPlan",
    "Segment",
    "Solid",
    "SoundCall",
    "Source",
    "Span",
    "Warp",
    "canonical",
    "content_hash",
    "media_paths",
    "segment_paths",
    "sound_paths",
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


@dataclass(frozen=True, slots=True)
class Span:
    """Frames with one graph. ``start`` counts from the start of the output."""

    start: int = field(metadata={"hash": False})
    count: int
    root: Node


@dataclass(frozen=True, slots=True)
class Copy:
    """Packets of a source, taken over as they are in place of a segment's own encoding.

    Attributes:
        path, stream: of the source; in the hash the file's digest stands for the path.
        codec: FFmpeg's name.
        first: number of the first frame in the source's
            :class:`~kadr_sdk.media.FrameIndex`, a random access point.
        count: frames; the first one's packet and all that are decoded after it up to the
            last one's, but for those that are shown before the first.
        bytes: of the packets, for estimates.
    """

    path: str
    stream: int
    codec: str
    first: int
    count: int
    bytes: int = field(default=0, metadata={"hash": False})


@dataclass(frozen=True, slots=True)
class Segment:
    """A unit of encoding: spans that follow each other, in one encoder session.

    Attributes:
        hash: content hash, empty until the plan is sealed.
        portable: no node depends on the class of processor.
        copy: packets that are taken over instead; the spans say what they must look like.
        reason: why nothing is copied, where copying was asked for.
    """

    index: int
    start: int
    count: int
    spans: tuple[Span, ...]
    portable: bool = True
    hash: str = ""
    copy: Copy | None = None
    reason: str = field(default="", metadata={"hash": False})


@dataclass(frozen=True, slots=True)
class RenderPlan:
    """Everything that a render will do.

    Attributes:
        project: id of the project.
        frames: of the output.
        notes: what a user may want to know (snapped edges, conversions, rate control).
        plugins: id and version of plugins whose code takes part.
        hash: of all segments, the audio and the output; empty until sealed.
        film: content hash of the one session that the segments are encoded in again, where the
            output has a master; else empty.
    """

    project: str
    output: Output
    frames: int
    segments: tuple[Segment, ...]
    audio: AudioPlan | None
    backend: str
    notes: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    plugins: tuple[tuple[str, str], ...] = ()
    toolchain: tuple[tuple[str, str], ...] = ()
    hash: str = ""
    film: str = ""

    @property
    def seconds(self) -> Fraction:
        """Length of the output."""
        if self.output.video is not None:
            return self.frames / self.output.video.rate
        if self.audio is not None:
            return Fraction(self.audio.count, self.audio.rate)
        return Fraction(0)

    @property
    def encoded(self) -> dict[str, int]:
        """Where copying was asked for, frames that are not copied, by the reason; the most first."""
        found: dict[str, int] = {}
        for segment in self.segments:
            if segment.reason:
                found[segment.reason] = found.get(segment.reason, 0) + segment.count
        return dict(sorted(found.items(), key=lambda row: -row[1]))

    @property
    def portable(self) -> bool:
        """True where every class of processor gives the same bytes."""
        sound = self.audio is None or self.audio.portable
        return sound and all(segment.portable for segment in self.segments)


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


def media_paths(plan: RenderPlan) -> set[str]:
    """Every media file that the plan reads, and every file that an effect reads."""
    found = sound_paths(plan.audio) if plan.audio is not None else set[str]()
    return found.union(*map(segment_paths, plan.segments))


def sound_paths(audio: AudioPlan) -> set[str]:
    """Every file that the mix reads."""
    found = {clip.path for clip in audio.every_clip} - {""}
    return found.union(*map(_paths, audio.parts))


def segment_paths(segment: Segment) -> set[str]:
    """Every file that making a segment reads."""
    nodes = (node for span in segment.spans for node in walk(span.root))
    return set[str]().union(*map(_paths, nodes))


def _paths(node: Node | AudioStage) -> set[str]:
    if isinstance(node, Decode):
        return {node.source.path}
    if isinstance(node, Call | SoundCall):
        pairs = node.values
    elif isinstance(node, AudioFilters):
        chains = (node.filters, *(filters for _, filters in node.changes))
        pairs = tuple(pair for filters in chains for spec in filters for pair in spec.options)
    elif isinstance(node, Native):
        pairs = tuple(pair for spec in node.filters for pair in spec.options)
    else:
        return set()
    return {str(value) for _, value in pairs if isinstance(value, FilePath)}


def canonical(value: Any, identify: Callable[[str], str] | None = None) -> Any:
    """JSON-ready data with one form for equal values; dataclasses carry their type.

    Args:
        identify: digest of a media file by path, put in the path's place; None keeps paths.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, FilePath):
        return identify(str(value)) if identify else str(value)
    if isinstance(value, Samples):
        return {"samples": [canonical(v, identify) for v in value.values]}
    if is_dataclass(value) and not isinstance(value, type):
        data: dict[str, Any] = {"type": type(value).__name__}
        for name in _hashed(type(value)):
            entry = getattr(value, name)
            data[name] = (
                identify(entry) if identify and name == "path" and entry else canonical(entry, identify)
            )
        return data
    if isinstance(value, tuple | list):
        return [canonical(v, identify) for v in value]
    if isinstance(value, dict):
        return {str(k): canonical(v, identify) for k, v in sorted(value.items())}
    return value


_PLAIN = frozenset({str, int, float, bool, type(None)})


@functools.cache
def _hashed(kind: type) -> tuple[str, ...]:
    """Names of the fields that enter the hash."""
    return tuple(item.name for item in fields(kind) if item.metadata.get("hash", True))


def content_hash(value: Any, identify: Callable[[str], str] | None = None) -> str:
    """sha256 (hex) of the canonical form of plan data."""
    text = json.dumps(canonical(value, identify), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
