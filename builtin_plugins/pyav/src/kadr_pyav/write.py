"""Frames and sound from memory into a file, one session each, by the same steps as a render."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from kadr_sdk.errors import InvalidParameterError, StorageError
from kadr_sdk.parts import PartReader, PartWriter

from kadr_pyav.audio_encode import AudioSession
from kadr_pyav.encode import encode_frames
from kadr_pyav.join import join_parts
from kadr_pyav.planes import from_planes

if TYPE_CHECKING:
    from av.video.frame import VideoFrame as AvFrame
    from kadr_sdk.frames import AudioBlock, VideoFrame
    from kadr_sdk.output import AudioEncoding, Output, VideoEncoding

__all__ = ["write"]


def write(
    target: Path, output: Output, frames: Iterable[VideoFrame] | None, sound: Iterable[AudioBlock] | None
) -> None:
    """Encode and join; the target appears whole or not at all.

    Args:
        output: prepared.

    Raises:
        InvalidParameterError: frames or sound that the output does not ask for, or of
            another size, format, rate or layout.
        StorageError: the disk is full, or the folder cannot be written.
    """
    if (frames is None) != (output.video is None) or (sound is None) != (output.audio is None):
        raise InvalidParameterError(
            "frames and sound are given exactly where the output has them", path=target
        )
    try:
        with tempfile.TemporaryDirectory(prefix=".kadr-", dir=target.parent) as folder:
            _write(Path(folder), target, output, frames, sound)
    except OSError as error:
        raise StorageError(f"cannot write the file: {error.strerror}", path=target) from error


def _write(
    folder: Path,
    target: Path,
    output: Output,
    frames: Iterable[VideoFrame] | None,
    sound: Iterable[AudioBlock] | None,
) -> None:
    with ExitStack() as stack:
        parts, audio = [], None
        if frames is not None and output.video is not None:
            path = folder / "video"
            _encode(path, frames, output.video)
            parts.append(stack.enter_context(PartReader(path)))
        if sound is not None and output.audio is not None:
            path = folder / "audio"
            _encode_sound(path, sound, output.audio)
            audio = stack.enter_context(PartReader(path))
        join_parts(parts, audio, output, folder / "whole")
    (folder / "whole").replace(target)


def _encode(path: Path, frames: Iterable[VideoFrame], encoding: VideoEncoding) -> None:
    sink = PartWriter(path)
    try:
        encode_frames(_fitting(frames, encoding), None, encoding, sink, "frames")
    except BaseException:
        sink.abandon()
        raise


def _fitting(frames: Iterable[VideoFrame], encoding: VideoEncoding) -> Iterator[AvFrame]:
    wanted = (encoding.width, encoding.height, encoding.pixel_format)
    for number, frame in enumerate(frames):
        if (frame.width, frame.height, frame.format) != wanted:
            raise InvalidParameterError(
                f"the frame is {frame.width}x{frame.height} {frame.format}",
                path=f"frames[{number}]",
                hint=f"the output is {wanted[0]}x{wanted[1]} {wanted[2]}",
            )
        yield from_planes(frame)


def _encode_sound(path: Path, sound: Iterable[AudioBlock], encoding: AudioEncoding) -> None:
    sink = PartWriter(path)
    try:
        session = AudioSession(encoding)
        for packet in session.run(_same_kind(sound, encoding)):
            sink.write(packet)
        sink.finish(session.header() | {"facts": {}})
    except BaseException:
        sink.abandon()
        raise


def _same_kind(sound: Iterable[AudioBlock], encoding: AudioEncoding) -> Iterator[AudioBlock]:
    for number, block in enumerate(sound):
        if (block.rate, block.layout) != (encoding.rate, encoding.layout):
            raise InvalidParameterError(
                f"the block is {block.rate} Hz {block.layout}",
                path=f"sound[{number}]",
                hint=f"the output is {encoding.rate} Hz {encoding.layout}",
            )
        yield block
