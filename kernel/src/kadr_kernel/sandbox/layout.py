"""Where everything of a call stands in a guest's memory: planned once a size and format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from kadr_sdk.abi import (
    ALIGNMENT,
    ALPHA,
    AUDIO,
    CHROMA,
    DATA_BYTES,
    FORMAT_NUMBERS,
    IMAGE,
    JOB,
    LAYOUTS,
    PARAM_BYTES,
    PLANE,
    RANGE,
)
from kadr_sdk.audio_effects import SOUND_BLOCK, AudioCall
from kadr_sdk.color import MATRIX, PRIMARIES, TRANSFER, Color
from kadr_sdk.effects import EffectDeclaration, FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Layout", "PlaneShape", "SoundShape", "layout_of", "plane_shapes", "sound_layout_of"]

_POINTER = 4


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
class SoundShape:
    """Blocks of sound in linear memory, all of one shape.

    Attributes:
        inputs: how many come in. channels: of each. mask: FFmpeg's channel mask.
        rate: samples a second. capacity: samples a channel that there is room for.
    """

    inputs: int
    channels: int
    mask: int
    rate: int
    capacity: int

    @property
    def stride(self) -> int:
        """Bytes from channel to channel."""
        return -(-self.capacity * 4 // ALIGNMENT) * ALIGNMENT

    @property
    def size(self) -> int:
        """Bytes of a block."""
        return self.stride * self.channels

    def over(self, memory: NDArray[np.uint8], pointer: int, count: int) -> NDArray[np.float32]:
        """A block as an array of shape (channels, count); numpy checks that it lies inside."""
        return np.ndarray((self.channels, count), "<f4", memory.data, pointer, (self.stride, 4))

    def blocks(self, pointers: list[int], at: int, first: int, count: int) -> bytes:
        """The audio blocks of all inputs and the output, then their arrays of pointers.

        Args:
            pointers: of the samples. at: where the result will stand.
        """
        behind = at + AUDIO.size * len(pointers)
        made, rows = b"", b""
        for number, pointer in enumerate(pointers):
            made += AUDIO.pack(
                input=number if number < self.inputs else 0,
                format=1,
                channels=self.channels,
                layout=self.mask,
                rate=self.rate,
                count=count,
                first=first,
                data=behind + len(rows),
            )
            planes = [pointer + self.stride * channel for channel in range(self.channels)]
            rows += np.array(planes, "<u4").tobytes()
        return made + rows


class Offsets(NamedTuple):
    """Where the parts of the control block begin; ``room`` is for what parameters point at."""

    images: int
    output: int
    sounds: int
    params: int
    message: int
    data: int
    room: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The blocks of a call. Two calls with the same layout may use one instance.

    Attributes:
        images: input number, frame offset, format, width, height and colour of every input.
        output: format, width, height and colour; None: no picture is made.
        alpha: of pictures that have it.
        params: how many there are.
        room: bytes for what parameters point at.
        message: bytes for the guest's words.
        data: bytes for what an analyzer says.
        sound: what sound comes in and out.
    """

    images: tuple[tuple[int, int, str, int, int, Color], ...]
    output: tuple[str, int, int, Color] | None
    alpha: str
    params: int
    room: int
    message: int
    data: int = 0
    sound: SoundShape | None = None

    @property
    def inputs(self) -> int:
        """How many inputs have frames."""
        return 1 + self.images[-1][0] if self.images else 0

    @property
    def pictures(self) -> Iterator[tuple[PlaneShape, ...]]:
        """Planes of every input, then of the output."""
        for _input, _offset, format, width, height, _color in self.images:
            yield plane_shapes(format, width, height)
        if self.output is not None:
            yield plane_shapes(*self.output[:3])

    @property
    def offsets(self) -> Offsets:
        """Of all parts, from the beginning of the control block."""
        images = JOB.size
        output = images + IMAGE.size * len(self.images)
        sounds = output + (IMAGE.size if self.output is not None else 0)
        blocks = self.sound.inputs + 1 if self.sound else 0
        channels = self.sound.channels if self.sound else 0
        pointers = -(-blocks * channels * _POINTER // 8) * 8
        params = sounds + AUDIO.size * blocks + pointers
        message = params + PARAM_BYTES * self.params
        data = message + self.message
        return Offsets(images, output, sounds, params, message, data, data + self.data)

    @property
    def control_bytes(self) -> int:
        """Of the control block: the job and everything it points at but planes and samples."""
        return self.offsets.room + self.room

    @property
    def total_bytes(self) -> int:
        """Of all blocks together."""
        samples = self.sound.size * (self.sound.inputs + 1) if self.sound else 0
        return self.control_bytes + samples + sum(p.size for planes in self.pictures for p in planes)

    def image_blocks(self, pointers: list[list[int]]) -> bytes:
        """The image blocks of all inputs and of the output; ``pointers`` are those of their planes."""
        rows = [*self.images, *([(0, 0, *self.output)] if self.output is not None else [])]
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
    """The layout that a call for a picture, or about one, needs."""
    before = declaration.window[0] if declaration.state == "stateless" else 0
    images = tuple(
        (number, place - before, *_shape(frame), frame.color)
        for number, window in enumerate(call.inputs)
        for place, frame in enumerate(window)
    )
    says = declaration.kind == "analyzer"
    output = None if says else (call.format, call.width, call.height, call.color)
    data = DATA_BYTES if says else 0
    return Layout(images, output, declaration.alpha, len(declaration.params), room, message, data)


def sound_layout_of(declaration: EffectDeclaration, call: AudioCall, room: int, message: int) -> Layout:
    """The layout that a call for sound needs: the same for all blocks of a clip."""
    capacity = -(-call.count // SOUND_BLOCK) * SOUND_BLOCK
    mask = LAYOUTS.get(call.layout, 0)
    shape = SoundShape(len(call.inputs), call.channels, mask, call.rate, capacity)
    return Layout((), None, declaration.alpha, len(declaration.params), room, message, 0, shape)


def _shape(frame: VideoFrame) -> tuple[str, int, int]:
    return frame.format, frame.width, frame.height
