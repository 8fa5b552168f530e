"""Unsigned LEB128, the numbers of WebAssembly binaries (core specification, §5.2.2)."""

from __future__ import annotations

__all__ = ["number_at", "number_bytes"]


def number_at(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at ``at``, and where it ends.

    Raises:
        IndexError: the data ends first.
        ValueError: it is longer than 64 bits need.
    """
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError("a number is longer than 64 bits")


def number_bytes(number: int) -> bytes:
    """A number in as few bytes as it needs."""
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)
