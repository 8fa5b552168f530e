"""Write the container by copying packets.

The rules are measured ones: decode times are counted anew over the whole film (the k-th
packet in decode order is decoded at k - D, D the largest reorder of any part, in frames),
since the encoder's own collide at seams of parts of one or two frames; every packet lasts
one frame, else the last frame's duration is lost; parts share one header, byte for byte.

Where packets of a source are among them the headers may differ. Then each part's own stand in
the stream at every place where decoding can begin, and the container says so (``avc3``,
``hev1``).
"""

from __future__ import annotations

import errno
import heapq
import math
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import BackendError, KadrError, RenderError, StorageError
from kadr_sdk.parts import Packet

from kadr_pyav.containers import add_audio, add_video, put_chapters
from kadr_pyav.muxers import open_muxer
from kadr_pyav.syntax import SYNTAX

if TYPE_CHECKING:
    from av.container import OutputContainer
    from kadr_sdk.backend import RenderContext
    from kadr_sdk.output import Output
    from kadr_sdk.parts import PacketSource, PartReader

__all__ = ["join", "join_parts", "reorder_of"]

_SAME = ("codec", "extradata", "width", "height", "pixel_format", "level", "rate")
_OWN = ("extradata", "level")  # what copied parts may have of their own, as long as headers are in the stream
_STREAMS = ("mpegts", "h264", "hevc")  # containers that have no place for headers
_SKIP_SAMPLES = 11  # AV_PKT_DATA_SKIP_SAMPLES
_STORAGE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EACCES, errno.EROFS, errno.EPERM)


@dataclass(frozen=True, slots=True)
class _Timed:
    """A packet on its way into the container; times in ticks of its stream."""

    stream: Any
    packet: Packet
    pts: int
    dts: int
    tick: Fraction
    skip: tuple[int, int] = (0, 0)


def join(
    parts: Sequence[PacketSource],
    audio: PartReader | None,
    output: Output,
    target: Path,
    context: RenderContext,
) -> None:
    """:func:`join_parts`, stopping within a packet where the job is cancelled."""
    join_parts(parts, audio, output, target, context.check)


def join_parts(
    parts: Sequence[PacketSource],
    audio: PartReader | None,
    output: Output,
    target: Path,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write the container by copying packets; the film is never in memory.

    Args:
        check: called before every packet.

    The caller removes what is left of ``target`` where this raises.

    Raises:
        RenderError: parts that do not fit together; names the segment.
        BackendError: the muxer refused.
        StorageError: the disk is full, or the target cannot be written.
    """
    _check_parts(parts)
    container = _guarded(
        target, lambda: open_muxer(_file_of(target, output), output.muxer, dict(output.options))
    )
    try:
        _guarded(target, lambda: _write(container, parts, audio, output, check))
        _guarded(target, container.close)
    except BaseException:
        # Closing would write an end; whatever that says now, the first failure is the cause.
        with suppress(Exception):
            container.close()
        raise


def _file_of(target: Path, output: Output) -> str:
    """What the muxer is told to write; a playlist stands in a folder with its media."""
    if output.muxer != "hls":
        return str(target)
    target.mkdir(exist_ok=True)
    return str(target / "index.m3u8")


def _write(
    container: OutputContainer,
    parts: Sequence[PacketSource],
    audio: PartReader | None,
    output: Output,
    check: Callable[[], None],
) -> None:
    flows: list[tuple[Fraction, Iterator[_Timed]]] = []
    if output.video is not None and parts:
        reorder = max(reorder_of(part) for part in parts)
        # What a decoder is told before the first packet must do for all: delay and level.
        chosen = max(parts, key=lambda part: (reorder_of(part), part.header["level"] or 0)).header
        apart = _headers_differ(parts)
        stream = add_video(container, output.video, chosen, reorder, in_stream=apart)
        apart = apart or (_copied(parts) and output.muxer in _STREAMS)
        tick = 1 / output.video.rate
        flows.append((tick, _pictures(parts, stream, tick, reorder, in_stream=apart)))
    if output.audio is not None and audio is not None:
        tick = Fraction(1, int(audio.header["rate"]))
        flows.append((tick, _sound(audio, add_audio(container, output.audio, audio.header), tick)))
    container.metadata.update(output.metadata)
    put_chapters(container, output.chapters)
    for timed in _by_time(flows):
        check()
        container.mux_one(_packet(timed))
    container.start_encoding()  # a film without packets has a header all the same


def _by_time(flows: Sequence[tuple[Fraction, Iterator[_Timed]]]) -> Iterator[_Timed]:
    """The packets of all streams by decode time, counted in a unit that divides every tick.

    Whole numbers, since a film of hours has a million packets.
    """
    scale = math.lcm(*(tick.denominator for tick, _ in flows))

    def placed(number: int, tick: Fraction, flow: Iterator[_Timed]) -> Iterator[tuple[int, int, _Timed]]:
        unit = int(tick * scale)
        return ((timed.dts * unit, number, timed) for timed in flow)

    rows = (placed(number, *flow) for number, flow in enumerate(flows))
    return (timed for _, _, timed in heapq.merge(*rows))


def _pictures(
    parts: Sequence[PacketSource], stream: Any, tick: Fraction, reorder: int, *, in_stream: bool
) -> Iterator[_Timed]:
    position = start = 0
    for part in parts:
        for packet in _with_headers(part) if in_stream else part:
            yield _Timed(stream, packet, start + packet.pts, position - reorder, tick)
            position += 1
        start = position


def _with_headers(part: PacketSource) -> Iterator[Packet]:
    """The packets of a part with its headers wherever decoding can begin."""
    syntax, headers = SYNTAX[part.header["codec"]], _headers(part)
    for packet in part:
        yield replace(packet, data=syntax.with_headers(packet.data, headers)) if packet.key else packet


def _headers(part: PacketSource) -> bytes:
    return SYNTAX[part.header["codec"]].headers(bytes.fromhex(part.header["extradata"]))


def _copied(parts: Sequence[PacketSource]) -> bool:
    return any(part.header.get("copied") for part in parts)


def _headers_differ(parts: Sequence[PacketSource]) -> bool:
    """Packets of a source are among the parts, and not all have the same headers."""
    return _copied(parts) and len({_headers(part) for part in parts}) > 1


def _sound(part: PartReader, stream: Any, tick: Fraction) -> Iterator[_Timed]:
    """Packets such that sample 0 of the mix stands at 0, what the codec puts before it below.

    What lies wholly behind the last sample (encoders flush with silence) is left out, and the
    last packet lasts as long as there is sound in it. What a decoder is to skip at both ends
    is said in side data too: MP3 files and Matroska take it from there.
    """
    end, size = int(part.header["samples"]), int(part.header.get("frame_size") or 0)
    shift: int | None = None
    for packet in part:
        if shift is None:
            shift = -int(part.header["delay"]) - packet.pts
        pts = packet.pts + shift
        if pts < end:
            lasting = min(packet.duration or size, end - pts)
            skip = min(size, -pts) if pts < 0 else 0
            left = size - lasting if end - pts < size else 0
            timed = packet if packet.duration == lasting else replace(packet, duration=lasting)
            yield _Timed(stream, timed, pts, pts, tick, (skip, left))


def _packet(timed: _Timed) -> Any:
    import av
    from av.packet import PacketSideData

    packet = av.Packet(timed.packet.data)
    packet.stream = timed.stream
    packet.time_base = timed.tick
    packet.pts, packet.dts, packet.duration = timed.pts, timed.dts, timed.packet.duration
    packet.is_keyframe = timed.packet.key
    if timed.skip != (0, 0):
        side = PacketSideData(_SKIP_SAMPLES, 10)  # type: ignore[call-arg]  # the stubs lack its arguments
        side.update(struct.pack("<IIBB", *timed.skip, 0, 0))
        packet.set_sidedata(side)
    return packet


def reorder_of(part: PacketSource) -> int:
    """By how many frames decoding runs ahead of showing, from the packets where not noted."""
    noted = part.header.get("reorder")
    if isinstance(noted, int):
        return noted
    return max((position - packet.pts for position, packet in enumerate(part)), default=0)


def _check_parts(parts: Sequence[PacketSource]) -> None:
    if not parts:
        return
    first = parts[0].header
    own: tuple[str, ...] = ()
    if _copied(parts):
        own = ("level",) if SYNTAX[first["codec"]].apart else _OWN
    for number, part in enumerate(parts[1:], 1):
        for name in _SAME:
            if name not in own and part.header.get(name) != first.get(name):
                raise RenderError(
                    f"segment {number} was encoded with another {name} than segment 0",
                    path=f"segments[{number}]",
                    hint="clear the cache and render again",
                    part=str(part.path),
                )


def _guarded(target: Path, work: Any) -> Any:
    """The result of libav work, its failures told in kadr's words."""
    import av.error

    try:
        return work()
    except KadrError:
        raise
    except (av.error.FFmpegError, OSError) as error:
        if getattr(error, "errno", None) in _STORAGE or isinstance(error, FileNotFoundError):
            raise StorageError(
                f"cannot write the file: {error.strerror}",
                path=target,
                hint="free some space, or check the rights of the folder",
            ) from error
        raise BackendError(f"the muxer failed: {error.strerror}", path=target, log=str(error)) from error
