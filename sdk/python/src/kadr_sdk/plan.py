"""The plan: what will be made, as plain immutable data.

``Project > Timeline > Graph > Spans > Segments``. A *span* is a stretch of frames with one
graph of nodes; a *segment* is a unit of encoding, many spans in one encoder session. Nodes
hold no timeline position: frame 0 of a node is the first frame of its span, times count
from the clip's own start. So a segment is the same wherever it stands, and its content
hash says all that its bytes depend on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from kadr_sdk.errors import Problem
from kadr_sdk.output import Output
from kadr_sdk.params import FilePath
from kadr_sdk.plan_hashes import canonical, content_hash
from kadr_sdk.plan_nodes import (
    Call,
    Conform,
    Decode,
    FrameTimes,
    Montage,
    Native,
    Node,
    Place,
    Solid,
    Source,
    walk,
)
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
