"""Numbers of WebAssembly binaries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_sdk.leb128 import number_at, number_bytes


@given(st.integers(0, 2**64 - 1), st.binary(max_size=3))
def test_what_is_written_is_read(number: int, before: bytes) -> None:
    data = before + number_bytes(number)
    assert number_at(data + b"\x80", len(before)) == (number, len(data))


def test_the_example_of_the_specification() -> None:
    assert number_bytes(624485) == b"\xe5\x8e\x26"
    assert number_at(b"\xe5\x8e\x26", 0) == (624485, 3)


def test_what_has_no_end() -> None:
    with pytest.raises(IndexError):
        number_at(b"\x80\x80", 0)
    with pytest.raises(ValueError, match="longer than 64 bits"):
        number_at(b"\x80" * 20, 0)
