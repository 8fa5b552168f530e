"""Frame ABI 1 of WASM guests: the blocks of ``sdk/abi/kadr_abi.h`` as Python sees them.

The header is the specification; a test compares both, field by field. Little-endian, natural
alignment, 32-bit pointers. Every block begins with its size, so that it can grow.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from kadr_sdk.leb128 import number_bytes

__all__ = [
    "ABI_SECTION",
    "ABI_VERSION",
    "ALIGNMENT",
    "ALPHA",
    "AUDIO",
    "CHROMA",
    "CURVE_SAMPLES",
    "DATA_BYTES",
    "EFFECT_SECTION",
    "FLAG_DRAFT",
    "FLAG_EXPORT",
    "FLAG_PREVIEW",
    "FORMAT_NUMBERS",
    "IMAGE",
    "JOB",
    "LAYOUTS",
    "PARAM_BYTES",
    "PLANE",
    "RANGE",
    "Block",
    "custom_section",
    "with_sections",
]

ABI_VERSION = 1
ABI_SECTION = "kadr.abi"
"""Custom section with the version: four bytes, little-endian."""
EFFECT_SECTION = "kadr.effect"
"""Custom section with the declaration: UTF-8 JSON."""
ALIGNMENT = 64
"""Of planes and of their strides, in bytes."""
PARAM_BYTES = 16
CURVE_SAMPLES = 1024
FLAG_PREVIEW, FLAG_DRAFT, FLAG_EXPORT = 1, 2, 4

_CODES = {"u32": "I", "i32": "i", "u64": "Q", "i64": "q", "f64": "d"}


@dataclass(frozen=True)
class Block:
    """The layout of a C struct.

    Attributes:
        fields: name and type (``u32``, ``i32``, ``u64``, ``i64``, ``f64``; a pointer is ``u32``).
        tail: bytes behind the fields that belong to the block (an array of planes).
    """

    name: str
    fields: tuple[tuple[str, str], ...]
    tail: int = 0

    @cached_property
    def offsets(self) -> Mapping[str, int]:
        """Where every field begins."""
        found: dict[str, int] = {}
        position = 0
        for name, kind in self.fields:
            width = struct.calcsize("<" + _CODES[kind])
            position = -(-position // width) * width
            found[name] = position
            position += width
        return MappingProxyType(found)

    @cached_property
    def size(self) -> int:
        """Bytes of the block, padding included."""
        name, kind = self.fields[-1]
        end = self.offsets[name] + struct.calcsize("<" + _CODES[kind]) + self.tail
        widest = max(struct.calcsize("<" + _CODES[k]) for _, k in self.fields)
        return -(-end // widest) * widest

    def pack(self, **values: float) -> bytearray:
        """The block with its size and these values; everything else is 0.

        Raises:
            KeyError: no such field.
            struct.error: a value does not fit.
        """
        block = bytearray(self.size)
        values.setdefault("size", self.size)
        kinds = dict(self.fields)
        if "size" not in kinds:
            del values["size"]
        for name, value in values.items():
            struct.pack_into("<" + _CODES[kinds[name]], block, self.offsets[name], value)
        return block

    def read(self, data: bytes | bytearray | memoryview, name: str) -> int | float:
        """One field of a block that begins at the first byte of ``data``."""
        kind = dict(self.fields)[name]
        value: int | float = struct.unpack_from("<" + _CODES[kind], data, self.offsets[name])[0]
        return value


def _block(name: str, text: str, tail: int = 0) -> Block:
    return Block(name, tuple((f, k) for f, _, k in (row.partition(":") for row in text.split())), tail)


PLANE = _block("kadr_plane", "data:u32 stride:u32 width:u32 height:u32")
IMAGE = _block(
    "kadr_image",
    "size:u32 input:u32 offset:i32 format:u32 width:u32 height:u32 depth:u32 matrix:u32 primaries:u32"
    " transfer:u32 range:u32 chroma_location:u32 alpha:u32 aspect_num:u32 aspect_den:u32 plane_count:u32",
    tail=4 * PLANE.size,
)
AUDIO = _block(
    "kadr_audio",
    "size:u32 input:u32 format:u32 channels:u32 layout:u64 rate:u32 count:u32 first:i64 data:u32"
    " reserved:u32",
)
JOB = _block(
    "kadr_job",
    "size:u32 flags:u32 frame:i64 rate_num:u32 rate_den:u32 time:f64 duration:f64 progress:f64 y0:u32 y1:u32"
    " tile:u32 tiles:u32 seed:u64 params:u32 param_count:u32 inputs:u32 input_count:u32 output:u32 audio:u32"
    " audio_count:u32 audio_output:u32 data:u32 data_capacity:u32 data_length:u32 message:u32"
    " message_capacity:u32 message_length:u32 scale_x:f64 scale_y:f64",
)

LAYOUTS = {"mono": 0x4, "stereo": 0x3, "5.1": 0x60F, "7.1": 0x63F}
"""FFmpeg's channel mask of the layouts that a mix may have."""
DATA_BYTES = 64 << 10
"""Room for what an analyzer says of one frame."""
ALPHA = {"none": 0, "straight": 1, "premultiplied": 2}
RANGE = {"unknown": 0, "tv": 1, "pc": 2}
CHROMA = {"unknown": 0, "left": 1, "center": 2, "topleft": 3}


def _formats() -> dict[str, int]:
    numbers = {"gray": 1, "gray10le": 2, "gray16le": 4, "rgb24": 16, "rgba": 17, "rgba64le": 18}
    numbers |= {"rgbaf32le": 19, "gbrp": 20, "gbrap": 21}
    for first, chroma in ((32, "420"), (48, "422"), (64, "444")):
        for step, suffix in enumerate(("p", "p10le", "p12le", "p16le", "pf32le")):
            numbers[f"yuv{chroma}{suffix}"] = first + step
            if suffix != "p12le":
                numbers[f"yuva{chroma}{suffix}"] = first + 8 + step
    return numbers


FORMAT_NUMBERS: Mapping[str, int] = MappingProxyType(_formats())
"""Number of every pixel format by FFmpeg's name (``f32`` planar YUV by the same pattern)."""


def custom_section(name: str, payload: bytes) -> bytes:
    """A custom section of a WebAssembly module, ready to be appended to one."""
    title = name.encode()
    body = number_bytes(len(title)) + title + payload
    return b"\0" + number_bytes(len(body)) + body


def with_sections(module: bytes, declaration: bytes = b"", version: int = ABI_VERSION) -> bytes:
    """A compiled module with the ABI's two sections; without a declaration, with one.

    The result depends on the arguments alone, so that two builds give the same bytes.
    """
    made = module + custom_section(ABI_SECTION, version.to_bytes(4, "little"))
    return made + custom_section(EFFECT_SECTION, declaration) if declaration else made
