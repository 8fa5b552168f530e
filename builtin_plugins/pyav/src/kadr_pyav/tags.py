"""Which of the tags a container really keeps: written into memory with one frame, and read again.

Muxers drop the names that they do not know without a word.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from kadr_sdk.errors import UnsupportedFormatError

from kadr_pyav.muxers import open_muxer, small
from kadr_pyav.sessions import set_audio, set_video

if TYPE_CHECKING:
    from kadr_sdk.output import Output

__all__ = ["check_tags"]

_OF_THE_PROJECT = ("title", "artist", "comment")


def check_tags(output: Output) -> tuple[str, ...]:
    """Refuse tags that would be lost; of those that only came with the project, notes instead.

    Raises:
        UnsupportedFormatError: names the tag.
    """
    if not output.metadata or output.muxer == "hls":  # a playlist of this kind has no place for any
        return ()
    wanted = dict(output.metadata)
    kept = _kept(output)
    lost = [name for name in wanted if name.lower() not in kept]
    for name in lost:
        if name not in _OF_THE_PROJECT:
            raise UnsupportedFormatError(
                f"{output.muxer} does not keep a tag {name!r}",
                path=f"export.metadata.{name}",
                hint="it keeps title, artist, comment, date, genre and a few more; mkv keeps any",
            )
    return tuple(f"{output.muxer} does not keep the {name} of the project" for name in lost)


def _kept(output: Output) -> set[str]:
    import av

    file = io.BytesIO()
    container = open_muxer(file, output.muxer, {})
    container.metadata.update(output.metadata)
    try:
        for packet in _packets(container, output):
            container.mux(packet)
    finally:
        container.close()
    file.seek(0)
    with av.open(file, "r") as again:
        found = {name.lower() for name in again.metadata}
        for stream in again.streams:  # Ogg keeps them with the stream
            found |= {name.lower() for name in stream.metadata}
    return found


def _packets(container: Any, output: Output) -> list[Any]:
    import av

    if output.audio is not None:
        stream = container.add_stream(output.audio.encoder)
        set_audio(stream.codec_context, output.audio)
        stream.codec_context.open()
        form = av.AudioFormat(stream.codec_context.format.name).packed.name
        count = stream.codec_context.frame_size or 1024
        kind = {"s16": np.int16, "s32": np.int32, "u8": np.uint8}.get(form, np.float32)
        silence = np.zeros((1, count * stream.codec_context.channels), kind)
        frame: Any = av.AudioFrame.from_ndarray(silence, format=form, layout=output.audio.layout)
        frame.sample_rate = output.audio.rate
    else:
        assert output.video is not None
        encoding = small(output.video)
        stream = container.add_stream(encoding.encoder)
        set_video(stream.codec_context, encoding)
        frame = av.VideoFrame(encoding.width, encoding.height, encoding.pixel_format)
    frame.pts = 0
    return [*stream.encode(frame), *stream.encode(None)]
