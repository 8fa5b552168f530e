"""One encoder session over the whole film, from segments that were kept without loss."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import BackendError, InternalError

from kadr_pyav.encode import encode_frames
from kadr_pyav.palette import paletted
from kadr_pyav.sessions import open_video

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from kadr_sdk.backend import RenderContext
    from kadr_sdk.output import Output, VideoEncoding
    from kadr_sdk.parts import Packet, PartReader, PartWriter

__all__ = ["encode_film"]


def encode_film(parts: Sequence[PartReader], output: Output, sink: PartWriter, context: RenderContext) -> str:
    """Decode the masters in order and encode them as the output says, in one session.

    Returns:
        Digest of the part, which holds the whole film.

    Raises:
        BackendError: the encoder failed, or a master cannot be decoded.
    """
    video, master = output.video, output.master
    if video is None or master is None:
        raise InternalError("an output without masters has no film to encode")

    def frames() -> Iterator[VideoFrame]:
        return _decoded(parts, master, context)

    if video.codec == "gif":
        return encode_frames(paletted(frames, video), None, video, sink, "film")
    with tempfile.TemporaryDirectory(prefix="passes-", dir=sink.path.parent) as folder:
        stats = Path(folder) / "stats"
        encode_frames(frames(), None, _pass(video, 1, stats), _Nowhere(), "film")  # type: ignore[arg-type]  # a sink
        return encode_frames(frames(), None, _pass(video, 2, stats), sink, "film")


class _Nowhere:
    """Takes packets of the first pass, which nobody wants."""

    def write(self, packet: Packet) -> None:
        """Nothing."""

    def finish(self, header: Any) -> str:  # noqa: ARG002 - as a writer of parts
        """No digest."""
        return ""


def _pass(video: VideoEncoding, number: int, stats: Path) -> VideoEncoding:
    """The encoding as a pass; what it saw goes into a file, or comes from it."""
    options = dict(video.options)
    if video.encoder == "libx265":
        quoted = str(stats).replace("\\", "/").replace("'", r"'\''")
        options["x265-params"] += f":pass={number}:stats='{quoted}'"
    else:
        options["flags"] += f"+pass{number}"
        options["stats"] = str(stats)
    return replace(video, options=tuple(sorted(options.items())))


def _decoded(
    parts: Sequence[PartReader], master: VideoEncoding, context: RenderContext
) -> Iterator[VideoFrame]:
    for number, part in enumerate(parts):
        count = 0
        for frame in _frames(part, master, number):
            context.check()
            yield frame
            context.advance(1)
            count += 1
        if count != part.header["frames"]:
            raise BackendError(
                f"{count} of {part.header['frames']} frames could be read back", path=f"segments[{number}]"
            )


def _frames(part: PartReader, master: VideoEncoding, number: int) -> Iterator[VideoFrame]:
    import av

    decoder: Any = av.Codec(master.codec, "r").create("video")
    decoder.extradata = bytes.fromhex(part.header["extradata"]) or None
    decoder.width, decoder.height = part.header["width"], part.header["height"]
    decoder.thread_count = 1
    if master.codec == "utvideo":  # its tag alone says the pixel format
        decoder.codec_tag = open_video(master).codec_tag
    yield from _guarded(lambda p: decoder.decode(av.Packet(p.data)), part, decoder, number)


def _guarded(decode: Callable[[Packet], Any], part: PartReader, decoder: Any, number: int) -> Iterator[Any]:
    import av.error

    try:
        for packet in part:
            yield from decode(packet)
        yield from decoder.decode(None)
    except av.error.FFmpegError as error:
        raise BackendError(
            f"a kept segment cannot be decoded: {error.strerror}", path=f"segments[{number}]", log=str(error)
        ) from error
