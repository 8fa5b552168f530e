"""One encoder session over all spans of a segment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

from kadr_sdk.errors import BackendError, InternalError
from kadr_sdk.parts import Packet

from kadr_pyav.facts import FrameFacts
from kadr_pyav.neutral import Neutral
from kadr_pyav.sessions import fed_format, open_video

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from kadr_sdk.backend import RenderContext
    from kadr_sdk.output import Output, VideoEncoding
    from kadr_sdk.parts import PartWriter
    from kadr_sdk.plan import Segment

__all__ = ["Stage", "encode", "encode_all", "encode_frames"]


class Stage(Protocol):
    """A compiled node: frames by number, any order, until closed."""

    def frame(self, number: int) -> VideoFrame:
        """The node's frame; it belongs to the stage until the next one is asked for."""
        ...

    def close(self) -> None:
        """Give back decoders and graphs."""
        ...


def encode(segment: Segment, output: Output, sink: PartWriter, context: RenderContext, resources: Any) -> str:
    """:func:`encode_all` for one output."""
    return encode_all(segment, (output,), (sink,), context, resources)[0]


def encode_all(
    segment: Segment,
    outputs: Sequence[Output],
    sinks: Sequence[PartWriter],
    context: RenderContext,
    resources: Any,
) -> tuple[str, ...]:
    """Encode all spans of a segment in one session for each output and finish its sink.

    Where an output has a master, the segment is encoded as that. Packets have pts in frames
    from the segment's start and a duration of one. The header holds what :mod:`kadr_pyav.join`
    needs to write a container, and ``facts`` (:class:`~kadr_pyav.facts.FrameFacts`).

    Args:
        outputs: of one size, pixel format and rate.

    Returns:
        Digests of the parts.

    Raises:
        BackendError: the encoder or a filter refused; names the segment.
        InternalError: a graph delivers frames of another size or format than planned.
    """
    encodings = [encoding for output in outputs if (encoding := output.master or output.video)]
    path = f"segments[{segment.index}]"
    with ExitStack() as stack:
        pairs = zip(encodings, sinks, strict=True)
        sessions = [stack.enter_context(closing(_Session(e, s, path))) for e, s in pairs]
        for frame in _segment_frames(segment, encodings[0], context, resources):
            for session in sessions:
                session.push(frame)
        return tuple(session.finish(segment.count) for session in sessions)


def encode_frames(
    frames: Iterable[VideoFrame], count: int | None, encoding: VideoEncoding, sink: PartWriter, path: str
) -> str:
    """Encode frames in order into ``sink`` and finish it.

    Args:
        count: how many there must be; None where it is not known beforehand.
        path: where, for messages.

    Raises:
        BackendError: the encoder failed, or gave back fewer packets than frames.
        InternalError: a frame has another size or format than the encoding.
    """
    with closing(_Session(encoding, sink, path)) as session:
        for frame in frames:
            session.push(frame)
        return session.finish(count)


def _segment_frames(
    segment: Segment, encoding: VideoEncoding, context: RenderContext, resources: Any
) -> Iterator[VideoFrame]:
    from kadr_pyav.stages import compile_node

    for number, span in enumerate(segment.spans):
        found = (span.root.width, span.root.height, span.root.format)
        wanted = (encoding.width, encoding.height, encoding.pixel_format)
        if found != wanted:
            raise _unlike(found, wanted, f"segments[{segment.index}].spans[{number}]")
        stage: Stage = compile_node(span.root, resources)
        try:
            for k in range(span.count):
                context.check()
                yield stage.frame(k)
                context.advance(1)
        finally:
            stage.close()


class _Session:
    """An open encoder that writes into a part."""

    def __init__(self, encoding: VideoEncoding, sink: PartWriter, path: str) -> None:
        from av.video.frame import PictureType

        self._encoding, self._sink, self._path = encoding, sink, path
        self._untyped = PictureType.NONE
        self._wanted = (encoding.width, encoding.height, encoding.pixel_format)
        self._fed = fed_format(encoding)
        self._tick = 1 / encoding.rate
        self._facts = FrameFacts()
        self._neutral = Neutral(encoding)
        self._frames = self._packets = self._reorder = 0
        self._encoder: VideoCodecContext | None = open_video(encoding)

    def push(self, frame: VideoFrame) -> None:
        found = (frame.width, frame.height, frame.format.name)
        if found != self._wanted:
            raise _unlike(found, self._wanted, f"{self._path}.frames[{self._frames}]")
        self._facts.note(frame)
        # A decoded frame still says what it was in its source; the encoder would obey.
        frame.pict_type = self._untyped
        frame = self._neutral.frame(frame)
        if self._fed != frame.format.name:
            frame = frame.reformat(format=self._fed)  # the same samples in another order
        frame.pts, frame.time_base = self._frames, self._tick
        self._frames += 1
        self._send(frame)

    def finish(self, count: int | None) -> str:
        self._send(None)
        wanted = self._frames if count is None else count
        if self._packets != wanted or self._frames != wanted:
            raise BackendError(
                f"{self._frames} frames gave {self._packets} packets instead of {wanted}", path=self._path
            )
        return self._sink.finish(self._header())

    def close(self) -> None:
        self._encoder = None  # the library's memory goes with it

    def _send(self, frame: VideoFrame | None) -> None:
        import av.error

        assert self._encoder is not None
        try:
            packets = self._encoder.encode(frame)
        except av.error.FFmpegError as error:
            raise BackendError(
                f"{self._encoding.encoder} failed at frame {self._frames}: {error.strerror}",
                path=self._path,
                log=str(error),
            ) from error
        for packet in packets:
            self._write(packet)

    def _write(self, packet: Any) -> None:
        pts = packet.pts
        self._reorder = max(self._reorder, self._packets - pts)
        if self._packets == 0 and not packet.is_keyframe:
            raise BackendError(f"{self._encoding.encoder} did not begin with a key frame", path=self._path)
        self._sink.write(Packet(bytes(packet), pts, 1, bool(packet.is_keyframe)))
        self._packets += 1

    def _header(self) -> dict[str, Any]:
        encoder, encoding = self._encoder, self._encoding
        assert encoder is not None
        return {
            "kind": "video",
            "codec": encoding.codec,
            "encoder": encoding.encoder,
            "extradata": (encoder.extradata or b"").hex(),
            "width": encoder.width,
            "height": encoder.height,
            "pixel_format": encoding.pixel_format,
            "profile": encoder.profile,
            "level": encoder.level,
            "rate": _text(encoding.rate),
            "frames": self._frames,
            "reorder": self._reorder,
            "facts": self._facts.as_dict(),
        }


def _text(rate: Fraction) -> str:
    return f"{rate.numerator}/{rate.denominator}"


def _unlike(found: tuple[int, int, str], wanted: tuple[int, int, str], path: str) -> InternalError:
    def say(it: tuple[int, int, str]) -> str:
        return f"{it[0]}x{it[1]} {it[2]}"

    return InternalError(
        f"a frame is {say(found)} where the encoder was promised {say(wanted)}",
        path=path,
        hint="the plan must convert to the output's size and format",
    )
