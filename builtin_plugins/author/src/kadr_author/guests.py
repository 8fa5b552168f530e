"""A guest's file: compiled code with the sections of the ABI behind it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

from kadr_sdk.abi import ABI_SECTION, EFFECT_SECTION, with_sections
from kadr_sdk.errors import SerializationError
from kadr_sdk.leb128 import number_at

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
    except (IndexError, ValueError) as error:
        raise SerializationError("the module is cut off", hint="build it again") from error
    return with_sections(code, declared(descriptor))


def _without_ours(module: bytes) -> Iterator[bytes]:
    at = len(_MAGIC)
    while at < len(module):
        kind, begin = module[at], at
        size, at = number_at(module, at + 1)
        body, at = at, at + size
        if at > len(module):
            raise IndexError
        if kind == 0:
            length, name = number_at(module, body)
            if module[name : name + length].decode("utf-8") in (ABI_SECTION, EFFECT_SECTION):
                continue
        yield module[begin:at]
