"""Parameter values as the 16 bytes that a guest reads."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from kadr_sdk.abi import CURVE_SAMPLES, PARAM_BYTES
from kadr_sdk.params import Param

from kadr_kernel.sandbox.files import Files

__all__ = ["Packed", "pack_values", "room_for"]

Packed = tuple[bytes, bytes]
"""The parameters, and what they point at, with pointers counted from the latter's beginning."""


def pack_values(
    params: Sequence[Param], values: Mapping[str, Any], at: int = 0, files: Files | None = None
) -> Packed:
    """The values in declared order.

    Args:
        at: where in the guest's memory the second part will stand.
        files: reads what parameters of the type ``file`` name; None: they are empty.

    Raises:
        KadrError: a file cannot be read, or is too large.
    """
    rows, behind = bytearray(), bytearray()
    for param in params:
        value = values[param.name]
        if (content := _content(param, value, files)) is None:
            rows += _row(param, value).ljust(PARAM_BYTES, b"\0")
            continue
        rows += struct.pack("<IIQ", at + len(behind) if content else 0, len(content), 0)
        behind += content + bytes(-len(content) % 8)
    return bytes(rows), bytes(behind)


def room_for(behind: bytes) -> int:
    """Bytes to reserve, so that a text that grows a little needs no new instance."""
    return 1 << (len(behind) - 1).bit_length() if behind else 0


def _row(param: Param, value: Any) -> bytes:
    if param.type in ("int", "bool"):
        return struct.pack("<q", max(-(1 << 63), min((1 << 63) - 1, int(value))))
    if param.type == "choice":
        return struct.pack("<I", param.choices.index(value))
    if param.type in ("color", "point", "rect"):
        return struct.pack(f"<{len(value)}f", *_floats(value))
    return struct.pack("<d", float(value))


def _floats(values: Any) -> list[float]:
    limit = float(np.finfo(np.float32).max)
    return [max(-limit, min(limit, float(v))) for v in values]


def _content(param: Param, value: Any, files: Files | None) -> bytes | None:
    if param.type == "file":
        return files.content(str(value)) if files is not None and value else b""
    if param.type == "text":
        return str(value or "").encode("utf-8", "replace")
    if param.type != "curve":
        return None
    points = sorted(value) if value else [(0.0, 0.0), (1.0, 1.0)]
    places = np.linspace(0.0, 1.0, CURVE_SAMPLES)
    curve = np.interp(places, [x for x, _ in points], [y for _, y in points])
    return bytes(curve.astype("<f4").tobytes())
