"""A folder of PNG files, one a frame."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from kadr_sdk.backend import RenderContext
from kadr_sdk.errors import RenderError, StorageError
from kadr_sdk.output import Output
from kadr_sdk.parts import PartReader

__all__ = ["FILE_NAME", "PngExporter"]

FILE_NAME = "frame_{:06d}.png"
"""Name of a frame by its number since the start of the output."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class PngExporter:
    """Every packet of the parts is a PNG file; they are written as they are."""

    def deliver(
        self,
        parts: Sequence[PartReader],
        audio: PartReader | None,  # noqa: ARG002 - the exporter declares no audio codec
        output: Output,  # noqa: ARG002 - size and format stand in the pictures
        target: Path,
        context: RenderContext,
    ) -> None:
        """Write ``frame_000000.png`` and so on into the folder ``target``.

        Raises:
            RenderError: a part is not PNG, or lacks a frame.
            StorageError: the disk is full or the folder cannot be written.
        """
        try:
            target.mkdir(parents=True, exist_ok=True)
            first = 0
            for part in parts:
                first += _write_part(part, first, target, context)
            _sync_folder(target)
        except OSError as error:
            message = f"cannot write the pictures: {error.strerror or error}"
            raise StorageError(
                message, path=target, hint="free some space, or check the rights of the folder"
            ) from error


def _write_part(part: PartReader, first: int, target: Path, context: RenderContext) -> int:
    """Write the frames of a part; the number of them."""
    numbers: list[int] = []
    for packet in part:
        context.check()
        if not packet.data.startswith(_SIGNATURE):
            raise RenderError("a frame is not a PNG picture", path=part.path, hint="encode with codec png")
        _write_file(target / FILE_NAME.format(first + packet.pts), packet.data)
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
