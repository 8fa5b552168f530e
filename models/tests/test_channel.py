"""Messages: arrays come as they went, and nothing else is believed."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import numpy as np
import pytest
from kadr_models.channel import ChannelError, receive, send


def test_arrays_come_as_they_went() -> None:
    pipe = io.BytesIO()
    arrays = [
        np.arange(24, dtype=np.float32).reshape(2, 3, 4)[:, ::-1],
        np.array([True, False]),
        np.zeros((0, 3), np.int64),
        np.float16(1.5).reshape(()),
    ]
    send(pipe, {"a": 1}, arrays)
    pipe.seek(0)
    message, found = receive(pipe)
    assert message == {"a": 1}
    for got, want in zip(found, arrays, strict=True):
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)


def raw(header: Any, size: int = 0, data: bytes = b"", length: int | None = None) -> io.BytesIO:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return io.BytesIO(struct.pack("<IQ", len(text) if length is None else length, size) + text + data)


@pytest.mark.parametrize(
    "pipe",
    [
        io.BytesIO(),
        io.BytesIO(b"\0\0"),
        raw(b"{}"),
        raw(b"[]"),
        raw(b"\xff"),
        raw(b"[" * 5000),
        raw({"arrays": []}, length=1 << 30),
        raw({"arrays": []}, size=1 << 60),
        raw({"arrays": [3]}),
        raw({"arrays": [{"dtype": "object", "shape": [1]}]}, 8, b"12345678"),
        raw({"arrays": [{"dtype": "float32", "shape": [-1, -1]}]}, 4, b"1234"),
        raw({"arrays": [{"dtype": "float32", "shape": [1 << 50]}]}, 4, b"1234"),
        raw({"arrays": [{"dtype": "float32", "shape": [2]}]}, 8, b"1234"),
    ],
)
def test_nothing_else_is_believed(pipe: io.BytesIO) -> None:
    with pytest.raises(ChannelError):
        receive(pipe)
