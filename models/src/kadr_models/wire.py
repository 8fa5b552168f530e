"""Fields of a protocol buffer, read with every length checked: the file comes from a stranger."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["WireError", "fields", "signed", "varints"]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class WireError(ValueError):
    """The bytes are not a protocol buffer, or end too early."""


def fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of every field: a whole number, or the bytes as a view.

    Raises:
        WireError: what is not a field.
    """
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise WireError("a field has the number 0")
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise WireError(f"field {number} has the unknown kind {kind}")
        if size > len(data) - at:
            raise WireError(f"field {number} is {size} bytes long, {len(data) - at} are left")
        yield number, data[at : at + size]
        at += size


def varints(value: int | memoryview) -> Iterator[int]:
    """The numbers of a repeated field, packed or one by one."""
    if isinstance(value, int):
        yield value
        return
    at = 0
    while at < len(value):
        number, at = _varint(value, at)
        yield number


def signed(value: int) -> int:
    """An int64 as it was written."""
    return value - (1 << 64) if value >> 63 else value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise WireError("the data end in the middle of a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
    raise WireError("a number is longer than 64 bits")
