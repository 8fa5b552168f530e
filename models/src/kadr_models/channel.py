"""Messages between a host and its worker: a JSON header and raw arrays, with every size checked.

The worker runs a stranger's model, so what it sends is data and never a pickle. A message is
``<I Q`` (bytes of the header, bytes of the arrays), the header, the arrays one behind another.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MAX_ARRAYS", "ChannelError", "receive", "send"]

MAX_HEADER = 1 << 20
MAX_ARRAYS = 1 << 30
"""Bytes of all arrays of one message."""
_DTYPES = {
    "float16",
    "float32",
    "float64",
    "bool",
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
}
_HEAD = struct.Struct("<IQ")


class ChannelError(Exception):
    """The other end is gone, or sends what no message may be."""


def send(pipe: IO[bytes], message: Mapping[str, Any], arrays: Sequence[NDArray[Any]] = ()) -> None:
    """Write one message.

    Raises:
        ChannelError: the other end is gone, or the arrays are too large.
    """
    whole = [np.ascontiguousarray(a) for a in arrays]
    size = sum(a.nbytes for a in whole)
    if size > MAX_ARRAYS:
        raise ChannelError(f"{size} bytes of arrays, at most {MAX_ARRAYS} are sent")
    rows = [{"dtype": str(a.dtype), "shape": list(a.shape)} for a in whole]
    header = json.dumps({**message, "arrays": rows}).encode()
    try:
        pipe.write(_HEAD.pack(len(header), size) + header)
        for array in whole:
            pipe.write(array.reshape(-1).view(np.uint8).data)
        pipe.flush()
    except (OSError, ValueError) as error:
        raise ChannelError(f"the other end is gone: {error}") from error


def receive(pipe: IO[bytes]) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """Read one message.

    Raises:
        ChannelError: the other end is gone, or what it sent is no message.
    """
    header_size, size = _HEAD.unpack(_exactly(pipe, _HEAD.size))
    if header_size > MAX_HEADER or size > MAX_ARRAYS:
        raise ChannelError(f"a message of {header_size} and {size} bytes")
    try:
        message = json.loads(bytes(_exactly(pipe, header_size)))
        rows = [(str(r["dtype"]), tuple(int(s) for s in r["shape"])) for r in message.pop("arrays")]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ChannelError(f"not a message: {error}") from error
    if any(dtype not in _DTYPES or min(shape, default=0) < 0 or len(shape) > 16 for dtype, shape in rows):
        raise ChannelError("arrays of an unknown type or shape")
    sizes = [math.prod(shape) * np.dtype(dtype).itemsize for dtype, shape in rows]
    if sum(sizes) != size:
        raise ChannelError("the arrays are not as large as their shapes say")
    arrays = []
    for (dtype, shape), count in zip(rows, sizes, strict=True):
        arrays.append(np.frombuffer(_exactly(pipe, count), dtype).reshape(shape))
    return message, arrays


def _exactly(pipe: IO[bytes], count: int) -> bytearray:
    data = bytearray(count)
    view = memoryview(data)
    done = 0
    while done < count:
        try:
            got = pipe.readinto(view[done:])  # type: ignore[attr-defined]  # both pipes are raw or buffered
        except (OSError, ValueError) as error:
            raise ChannelError(f"the other end is gone: {error}") from error
        if not got:
            raise ChannelError("the other end is gone")
        done += got
    return data
