"""A guest's file: compiled code with the sections of the ABI behind it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

from kadr_sdk.abi import ABI_SECTION, EFFECT_SECTION, with_sections
from kadr_sdk.errors import SerializationError

__all__ = ["declared", "packed"]

_MAGIC = b"\0asm\1\0\0\0"


def declared(descriptor: Path) -> bytes:
    """A descriptor (TOML) as the JSON of the section ``kadr.effect``."""
    data = tomllib.loads(descriptor.read_text("utf-8"))
    data.pop("wasm", None)
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def packed(module: bytes, descriptor: Path) -> bytes:
    """A module with the sections of its descriptor, in place of those that it has.

    The same module and descriptor give the same bytes, whether it was packed before or not.

    Raises:
        SerializationError: this is not a WebAssembly binary.
    """
    if module[: len(_MAGIC)] != _MAGIC:
        hint = "a core module of version 1 is expected; text and components are not taken"
        raise SerializationError("this is not a WebAssembly binary", hint=hint)
    try:
        code = _MAGIC + b"".join(_without_ours(module))
    except (IndexError, UnicodeDecodeError) as error:
        raise SerializationError("the module is cut off", hint="build it again") from error
    return with_sections(code, declared(descriptor))


def _without_ours(module: bytes) -> Iterator[bytes]:
    at = len(_MAGIC)
    while at < len(module):
        kind, begin = module[at], at
        size, at = _number(module, at + 1)
        body, at = at, at + size
        if at > len(module):
            raise IndexError
        if kind == 0:
            length, name = _number(module, body)
            if module[name : name + length].decode("utf-8") in (ABI_SECTION, EFFECT_SECTION):
                continue
        yield module[begin:at]


def _number(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
