"""Messages between kadr and a child process: a table as JSON, and bytes.

Where a child runs foreign code or reads foreign media, nothing that comes from there is
unpickled or believed.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

__all__ = ["MOST_HEAD", "WireError", "receive", "send"]

MOST_HEAD = 1 << 20
_LENGTHS = struct.Struct("<II")


class WireError(Exception):
    """The other side is gone, or speaks something else."""


def send(stream: IO[bytes], head: Mapping[str, Any], body: bytes = b"") -> None:
    """Send a message.

    Raises:
        WireError: nobody is there.
    """
    data = json.dumps(head).encode()
    try:
        stream.write(_LENGTHS.pack(len(data), len(body)) + data)
        if body:
            stream.write(body)
        stream.flush()
    except (OSError, ValueError) as error:
        raise WireError(str(error)) from None


def receive(stream: IO[bytes], most: int) -> tuple[dict[str, Any], bytes]:
    """The next message.

    Args:
        most: bytes of its body.

    Raises:
        WireError: the other side is gone, or what it sent is no message.
    """
    head_size, body_size = _LENGTHS.unpack(_exactly(stream, _LENGTHS.size))
    if head_size > MOST_HEAD or body_size > most:
        raise WireError("a message is too large")
    try:
        head = json.loads(_exactly(stream, head_size))
    except (ValueError, RecursionError):
        raise WireError("a message is not JSON") from None
    if not isinstance(head, dict):
        raise WireError("a message is no table")
    return head, _exactly(stream, body_size)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    if not size:
        return b""
    try:
        data = stream.read(size)
    except (OSError, ValueError) as error:
        raise WireError(str(error)) from None
    if len(data) != size:
        raise WireError("the other side is gone")
    return data
