"""Content hashes of plan data: one form for equal values, and its sha256."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any

from kadr_sdk.curves import Samples
from kadr_sdk.params import FilePath

__all__ = ["canonical", "content_hash"]


def canonical(value: Any, identify: Callable[[str], str] | None = None) -> Any:
    """JSON-ready data with one form for equal values; dataclasses carry their type.

    Args:
        identify: digest of a media file by path, put in the path's place; None keeps paths.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, FilePath):
        return identify(str(value)) if identify else str(value)
    if isinstance(value, Samples):
        return {"samples": [canonical(v, identify) for v in value.values]}
    if is_dataclass(value) and not isinstance(value, type):
        data: dict[str, Any] = {"type": type(value).__name__}
        for name in _hashed(type(value)):
            entry = getattr(value, name)
            data[name] = (
                identify(entry) if identify and name == "path" and entry else canonical(entry, identify)
            )
        return data
    if isinstance(value, tuple | list):
        return [canonical(v, identify) for v in value]
    if isinstance(value, dict):
        return {str(k): canonical(v, identify) for k, v in sorted(value.items())}
    return value


_PLAIN = frozenset({str, int, float, bool, type(None)})


@functools.cache
def _hashed(kind: type) -> tuple[str, ...]:
    """Names of the fields that enter the hash."""
    return tuple(item.name for item in fields(kind) if item.metadata.get("hash", True))


def content_hash(value: Any, identify: Callable[[str], str] | None = None) -> str:
    """sha256 (hex) of the canonical form of plan data."""
    text = json.dumps(canonical(value, identify), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
