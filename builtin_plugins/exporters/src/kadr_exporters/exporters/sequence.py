"""A folder of pictures, one a frame: PNG, JPEG or TIFF."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from kadr_sdk.backend import RenderContext
from kadr_sdk.errors import RenderError, StorageError
from kadr_sdk.output import Output
from kadr_sdk.parts import PartReader

__all__ = ["FILE_NAME", "SequenceExporter"]

FILE_NAME = "frame_{:06d}{}"
"""Name of a frame by its number since the start of the output, and its ending."""

_KINDS = {
    "png": ("PNG", ".png", b"\x89PNG\r\n\x1a\n"),
    "mjpeg": ("JPEG", ".jpg", b"\xff\xd8\xff"),
    "tiff": ("TIFF", ".tiff", b"II*\x00"),
}
"""What a codec's packets are: the name, the ending and the first bytes of such a file."""


class SequenceExporter:
    """Every packet of the parts is a whole picture file; they are written as they are."""

    def deliver(
        self,
        parts: Sequence[PartReader],
        audio: PartReader | None,  # noqa: ARG002 - the exporter declares no audio codec
        output: Output,
        target: Path,
        context: RenderContext,
    ) -> None:
        """Write ``frame_000000.png`` and so on into the folder ``target``.

        Raises:
            RenderError: a part is not of the kind that the codec makes, or lacks a frame.
            StorageError: the disk is full or the folder cannot be written.
        """
        codec = output.video.codec if output.video else "png"
        try:
            target.mkdir(parents=True, exist_ok=True)
            first = 0
            for part in parts:
                first += _write_part(part, codec, first, target, context)
            _sync_folder(target)
        except OSError as error:
            message = f"cannot write the pictures: {error.strerror or error}"
            raise StorageError(
                message, path=target, hint="free some space, or check the rights of the folder"
            ) from error


def _write_part(part: PartReader, codec: str, first: int, target: Path, context: RenderContext) -> int:
    """Write the frames of a part; the number of them."""
    name, ending, signature = _KINDS[codec]
    numbers: list[int] = []
    for packet in part:
        context.check()
        if not packet.data.startswith(signature):
            hint = f"encode with codec {codec}"
            raise RenderError(f"a frame is not a {name} picture", path=part.path, hint=hint)
        _write_file(target / FILE_NAME.format(first + packet.pts, ending), packet.data)
        numbers.append(packet.pts)
        context.advance(1)
    if sorted(numbers) != list(range(len(numbers))):
        message = f"a part of {len(numbers)} frames does not hold frames 0 to {len(numbers) - 1}"
        raise RenderError(message, path=part.path)
    return len(numbers)


def _write_file(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the names durable too; Windows has no such call and needs none."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
