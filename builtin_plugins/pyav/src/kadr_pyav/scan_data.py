"""A scan as bytes and back: a line of JSON, then numbers of 64 bit.

Read back it is checked as if a stranger had written it.
"""

from __future__ import annotations

import itertools
import json
from fractions import Fraction
from typing import Any

import numpy as np
from kadr_sdk.errors import Problem
from kadr_sdk.media import FrameIndex

from kadr_pyav.index import Scan
from kadr_pyav.told import spoken, understood

__all__ = ["VERSION", "scan_from", "scan_to"]

VERSION = 1
"""Raised whenever the same file would give another scan."""
_NONE = np.iinfo(np.int64).min


def scan_to(scan: Scan) -> bytes:
    """The scan as bytes."""
    lists = {
        "pts": scan.frames.pts,
        "keys": scan.frames.keys,
        "key_dts": [_NONE if value is None else value for value in scan.key_dts],
        "retimed": list(scan.retimed),
        "times": list(scan.retimed.values()),
        "damaged": sorted(scan.damaged),
    }
    arrays = {name: np.asarray(values, "<i8") for name, values in lists.items()}
    head = {
        "version": VERSION,
        "base": spoken(scan.frames.time_base),
        "end": scan.frames.end,
        "counted": scan.counted,
        "first": list(scan.first),
        "warnings": spoken(scan.warnings),
        "sizes": {name: len(array) for name, array in arrays.items()},
    }
    return json.dumps(head).encode() + b"\n" + b"".join(array.tobytes() for array in arrays.values())


def scan_from(data: bytes) -> Scan:
    """The scan that :func:`scan_to` wrote.

    Raises:
        ValueError: the bytes are something else, or of another version.
    """
    line, _, rest = data.partition(b"\n")
    try:
        head: dict[str, Any] = json.loads(line)
        if head["version"] != VERSION:
            raise ValueError("another version")
        sizes = {name: int(head["sizes"][name]) for name in _NAMES}
        if min(sizes.values()) < 0 or sum(sizes.values()) * 8 != len(rest) or not sizes["pts"]:
            raise ValueError("the numbers do not fit")
        lists, at = {}, 0
        for name, size in sizes.items():
            lists[name] = np.frombuffer(rest, "<i8", size, at).tolist()
            at += size * 8
        return _made(head, lists)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no scan: {error}") from None


_NAMES = ("pts", "keys", "key_dts", "retimed", "times", "damaged")


def _made(head: dict[str, Any], lists: dict[str, list[int]]) -> Scan:
    base = understood(Fraction, head["base"])
    pts, keys = tuple(lists["pts"]), tuple(lists["keys"])
    ascending = all(a < b for a, b in itertools.pairwise(pts))
    in_order = all(a < b for a, b in itertools.pairwise(keys))
    whole = keys[:1] == (0,) and keys[-1] < len(pts) and len(keys) == len(lists["key_dts"])
    end, counted = understood(int, head["end"]), understood(bool, head["counted"])
    if base <= 0 or not (ascending and in_order and whole) or end <= pts[-1]:
        raise ValueError("the numbers are not those of a film")
    return Scan(
        FrameIndex(base, pts, keys, end),
        tuple(None if value == _NONE else value for value in lists["key_dts"]),
        dict(zip(lists["retimed"], lists["times"], strict=True)),
        counted,
        understood(tuple[int | None, int | None], head["first"]),
        frozenset(lists["damaged"]),
        understood(tuple[Problem, ...], head["warnings"]),
    )
