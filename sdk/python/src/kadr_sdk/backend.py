"""The contract between planner and backend.

The kernel plans, schedules, joins and verifies without importing a codec library. A backend
contribution does what touches media: ``pyav`` by default, the in-memory one of
:mod:`kadr_sdk.testing` in tests. A backend is one object used from several threads at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from kadr_sdk.copying import CopyOffer, SeamFault
from kadr_sdk.frames import AudioBlock, VideoFrame
from kadr_sdk.media import Cue, FrameIndex, MediaInfo
from kadr_sdk.output import Output
from kadr_sdk.parts import PacketSource, PartReader, PartWriter
from kadr_sdk.plan import AudioPlan, Copy, Node, Segment, Source
from kadr_sdk.reports import CheckReport, Expectation

__all__ = ["Backend", "Capabilities", "EncoderTrial", "RenderContext"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend can do, found by trial where a list would lie.

    Attributes:
        name: contribution id.
        versions: libraries and their versions; part of the plan's hash.
        encoders: encoder names by codec name, best first.
        decoders, filters, muxers: names.
        implementations: of effects that it can carry out itself: ``filter``, ``frame`` (pictures
            by :class:`~kadr_sdk.plan.Call`) and ``audio`` (sound by ``SoundCall``), best first.
        blends: blend modes that :class:`~kadr_sdk.plan.Place` may name.
        max_pixels: the largest picture that it decodes, width times height.
        copies: codecs whose packets it can take over from a source; where there are none,
            ``copyable``, ``copied`` and ``check_seams`` are never called.
    """

    name: str
    versions: tuple[tuple[str, str], ...]
    encoders: dict[str, tuple[str, ...]]
    decoders: frozenset[str]
    filters: frozenset[str]
    muxers: frozenset[str]
    implementations: tuple[str, ...]
    blends: frozenset[str]
    max_pixels: int
    copies: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EncoderTrial:
    """An encoder in hardware, and what a trial encode said of it.

    Attributes:
        kind: of the device, for people.
        reason: why it does not work; empty where it does.
        seconds: that the trial took.
    """

    encoder: str
    codec: str
    kind: str
    works: bool
    reason: str = ""
    seconds: float = 0.0


class RenderContext(Protocol):
    """What the kernel lends to a backend while it works."""

    def check(self) -> None:
        """Call at least once a frame: waits while paused.

        Raises:
            CancelledError: the job was cancelled.
        """
        ...

    def advance(self, amount: int) -> None:
        """Count finished frames (video) or samples (sound)."""
        ...

    def effect(self, kind: str, name: str) -> Any:
        """The implementation of a contribution, for :class:`~kadr_sdk.plan.Call` nodes."""
        ...

    def warn(self, message: str, path: str = "", hint: str = "") -> None:
        """Tell the user of something odd; it stands in the report."""
        ...


class Backend(Protocol):
    """Everything that touches media."""

    def capabilities(self) -> Capabilities:
        """What it can do; cheap after the first call."""
        ...

    def probe(self, path: Path) -> MediaInfo:
        """What a file holds.

        Raises:
            MediaFileError: missing, empty, damaged or not media; says which.
        """
        ...

    def index(self, path: Path, stream: int) -> FrameIndex:
        """Timestamps and random access points of a video stream, by demuxing it once.

        Raises:
            MediaFileError: the stream has no usable frames.
        """
        ...

    def cues(self, path: Path, stream: int) -> Sequence[Cue]:
        """The subtitles of a stream in order of time, by demuxing it once.

        Raises:
            MediaFileError: there is no such subtitle stream.
        """
        ...

    def hardware(self) -> tuple[EncoderTrial, ...]:
        """Every encoder in hardware that it knows, each tried apart from this process.

        Takes seconds the first time.
        """
        ...

    def prepare(self, output: Output) -> Output:
        """The output with encoders chosen and every option that the result depends on.

        Raises:
            UnsupportedFormatError: a codec, pixel format or container it cannot write, or
                a combination that the container cannot hold.
            InvalidParameterError: an option that the encoder does not have.
        """
        ...

    def frames(self, root: Node, context: RenderContext) -> Iterator[VideoFrame]:
        """The frames of a graph as planes; each is valid until the next is taken."""
        ...

    def encode(self, segment: Segment, output: Output, sink: PartWriter, context: RenderContext) -> str:
        """Encode all spans of a segment in one session into ``sink`` and finish it.

        Packets have pts in frames from the segment's start. The header holds ``codec``,
        ``extradata`` (hex), ``width``, ``height``, ``frames`` and ``facts``.

        Returns:
            Digest of the part.
        """
        ...

    def encode_all(
        self,
        segment: Segment,
        outputs: Sequence[Output],
        sinks: Sequence[PartWriter],
        context: RenderContext,
    ) -> tuple[str, ...]:
        """As :meth:`encode` for several outputs, with every frame decoded and composed once.

        The outputs have one size, pixel format and rate; the context counts each frame once.

        Returns:
            Digests of the parts, in order.
        """
        ...

    def encode_film(
        self, parts: Sequence[PartReader], output: Output, sink: PartWriter, context: RenderContext
    ) -> str:
        """Encode the whole film anew in one session, from segments encoded as ``output.master``.

        Called where :meth:`prepare` set a master; the context counts the frames of every pass.

        Returns:
            Digest of the part, which is one segment of all frames.
        """
        ...

    def copyable(self, source: Source, first: int, end: int, output: Output) -> CopyOffer:
        """Which frames among ``first .. end - 1`` of a source can be copied: the first stretch of them.

        Random access points are read from the bitstream. A stretch begins at one that needs
        nothing from before, and ends where no packet is missing that one of its frames needs.

        Args:
            output: prepared.
        """
        ...

    def copied(self, copy: Copy, output: Output) -> PacketSource:
        """The packets of a copy as a part, read from the source while they are asked for.

        Raises:
            MediaFileError: the source cannot be read as it was when it was planned.
        """
        ...

    def check_seams(
        self,
        path: Path,
        segments: Sequence[Segment],
        parts: Sequence[PacketSource],
        output: Output,
        context: RenderContext,
    ) -> tuple[SeamFault, ...]:
        """Decode a joined file around both ends of every copied segment.

        Times, number and pictures of the frames there must be those of the segment's spans,
        and beside it those of the neighbour's part decoded alone.
        """
        ...

    def loudness(self, sound: Iterable[AudioBlock]) -> Mapping[str, float | None]:
        """Loudness by EBU R128 of all blocks, taken in order, of one rate and layout.

        Returns:
            ``integrated`` (LUFS), ``range`` (LU) and ``true_peak`` (dBTP); None where there is
            no value, as of silence.
        """
        ...

    def render_audio(self, plan: AudioPlan, output: Output, sink: PartWriter, context: RenderContext) -> str:
        """Mix and encode the whole sound in one session into ``sink`` and finish it.

        Packets have pts in samples; the header holds ``codec``, ``extradata`` (hex),
        ``rate``, ``layout``, ``delay`` (samples before the first), ``samples`` and ``facts``.
        """
        ...

    def mix_part(self, plan: AudioPlan, sink: PartWriter, context: RenderContext) -> str:
        """Mix into ``sink`` and finish it, unencoded: for clips that play it (``AudioClip.mix``).

        Returns:
            Digest of the part.
        """
        ...

    def mix(self, plan: AudioPlan, context: RenderContext) -> Iterator[AudioBlock]:
        """The mix as blocks of float32 in order, together exactly ``plan.count`` samples."""
        ...

    def join(
        self,
        parts: Sequence[PacketSource],
        audio: PartReader | None,
        output: Output,
        target: Path,
        context: RenderContext,
    ) -> None:
        """Write the container by copying packets; ``target`` is a temporary name.

        Raises:
            RenderError: parts that do not fit together.
            StorageError: the disk is full.
        """
        ...

    def check(self, path: Path, expected: Expectation, level: str) -> CheckReport:
        """Verify a file: ``fast`` demuxes, ``full`` decodes all."""
        ...

    def image(self, frame: VideoFrame, kind: str = "png") -> bytes:
        """A frame as a PNG, JPEG or WebP file."""
        ...

    def write(
        self,
        target: Path,
        output: Output,
        frames: Iterable[VideoFrame] | None,
        sound: Iterable[AudioBlock] | None,
    ) -> None:
        """Encode frames and sound from memory into a file, in one session each."""
        ...
