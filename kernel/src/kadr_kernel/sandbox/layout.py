"""Where everything of a call stands in a guest's memory: planned once a size and format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from kadr_sdk.abi import ALIGNMENT, ALPHA, CHROMA, FORMAT_NUMBERS, IMAGE, JOB, PARAM_BYTES, PLANE, RANGE
from kadr_sdk.color import MATRIX, PRIMARIES, TRANSFER, Color
from kadr_sdk.effects import EffectDeclaration, FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Layout", "PlaneShape", "layout_of", "plane_shapes"]


@dataclass(frozen=True, slots=True)
class PlaneShape:
    """A plane in linear memory.

    Attributes:
        width, height: in pixels and rows. channels: interleaved in a pixel.
        word: bytes of a component. stride: bytes from row to row.
    """

    width: int
    height: int
    channels: int
    word: int
    stride: int

    @property
    def size(self) -> int:
        """Bytes of the whole plane."""
        return self.stride * self.height

    def over(self, memory: NDArray[np.uint8], pointer: int) -> NDArray[Any]:
        """The plane as an array over memory; numpy checks that it lies inside."""
        kind = np.uint8 if self.word == 1 else np.dtype("<u2")
        if self.channels == 1:
            shape: tuple[int, ...] = (self.height, self.width)
            strides: tuple[int, ...] = (self.stride, self.word)
        else:
            shape = (self.height, self.width, self.channels)
            strides = (self.stride, self.channels * self.word, self.word)
        return np.ndarray(shape, kind, memory.data, pointer, strides)


def plane_shapes(format: str, width: int, height: int) -> tuple[PlaneShape, ...]:
    """The planes of a picture, strides rounded up to 64 bytes."""
    form = pixel_format(format)
    word = 1 if form.depth <= 8 else 2
    channels = form.packed or 1
    found = []
    for plane in range(form.planes):
        across, down = form.plane_size(plane, width, height)
        stride = -(-across * channels * word // ALIGNMENT) * ALIGNMENT
        found.append(PlaneShape(across, down, channels, word, stride))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Layout:
    """The blocks of a call. Two calls with the same layout may use one instance.

    Attributes:
        images: input number, frame offset, format, width, height and colour of every input.
        output: format, width, height and colour.
        alpha: of pictures that have it.
        params: how many there are.
        room: bytes for what parameters point at.
        message: bytes for the guest's words.
    """

    images: tuple[tuple[int, int, str, int, int, Color], ...]
    output: tuple[str, int, int, Color]
    alpha: str
    params: int
    room: int
    message: int

    @property
    def inputs(self) -> int:
        """How many inputs have frames."""
        return 1 + self.images[-1][0] if self.images else 0

    @property
    def pictures(self) -> Iterator[tuple[PlaneShape, ...]]:
        """Planes of every input, then of the output."""
        for _input, _offset, format, width, height, _color in self.images:
            yield plane_shapes(format, width, height)
        yield plane_shapes(*self.output[:3])

    @property
    def offsets(self) -> tuple[int, int, int, int, int]:
        """Of images, output, parameters, message and room, from the beginning of the control block."""
        images = JOB.size
        output = images + IMAGE.size * len(self.images)
        params = output + IMAGE.size
        message = params + PARAM_BYTES * self.params
        return images, output, params, message, message + self.message

    @property
    def control_bytes(self) -> int:
        """Of the control block: the job and everything it points at but planes."""
        return self.offsets[-1] + self.room

    @property
    def total_bytes(self) -> int:
        """Of all blocks together."""
        return self.control_bytes + sum(p.size for planes in self.pictures for p in planes)

    def image_blocks(self, pointers: list[list[int]]) -> bytes:
        """The image blocks of all inputs and of the output; ``pointers`` are those of their planes."""
        rows = [*self.images, (0, 0, *self.output)]
        return b"".join(
            self._image(*row, planes, at)
            for row, planes, at in zip(rows, self.pictures, pointers, strict=True)
        )

    def _image(
        self,
        input: int,
        offset: int,
        format: str,
        width: int,
        height: int,
        color: Color,
        planes: tuple[PlaneShape, ...],
        pointers: list[int],
    ) -> bytes:
        form = pixel_format(format)
        block = IMAGE.pack(
            input=input,
            offset=offset,
            format=FORMAT_NUMBERS[format],
            width=width,
            height=height,
            depth=form.depth,
            matrix=MATRIX.get(color.matrix, MATRIX["unknown"]),
            primaries=PRIMARIES.get(color.primaries, PRIMARIES["unknown"]),
            transfer=TRANSFER.get(color.transfer, TRANSFER["unknown"]),
            range=RANGE.get(color.range, 0),
            chroma_location=CHROMA.get(color.chroma, 0),
            alpha=ALPHA[self.alpha] if form.alpha else 0,
            aspect_num=1,
            aspect_den=1,
            plane_count=len(planes),
        )
        position = IMAGE.size - 4 * PLANE.size
        for plane, at in zip(planes, pointers, strict=True):
            row = PLANE.pack(data=at, stride=plane.stride, width=plane.width, height=plane.height)
            block[position : position + PLANE.size] = row
            position += PLANE.size
        return bytes(block)


def layout_of(declaration: EffectDeclaration, call: FrameCall, room: int, message: int) -> Layout:
    """The layout that a call needs."""
    before = declaration.window[0] if declaration.state == "stateless" else 0
    images = tuple(
        (number, place - before, *_shape(frame), frame.color)
        for number, window in enumerate(call.inputs)
        for place, frame in enumerate(window)
    )
    output = (call.format, call.width, call.height, call.color)
    return Layout(images, output, declaration.alpha, len(declaration.params), room, message)


def _shape(frame: VideoFrame) -> tuple[str, int, int]:
    return frame.format, frame.width, frame.height
