"""Descriptor files as dataclasses: every key known, every needed one there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from kadr_sdk.errors import did_you_mean

__all__ = ["from_dict"]

T = TypeVar("T")


def from_dict(cls: type[T], data: Mapping[str, Any]) -> T:
    """A dataclass from descriptor data; lists become tuples.

    Raises:
        ValueError: a key is unknown or missing.
    """
    known = {f.name for f in fields(cls)}  # type: ignore[arg-type]  # a dataclass, which T cannot say
    for key in data:
        if key not in known:
            raise ValueError(f"unknown key {key!r}; {did_you_mean(key, known)}")
    # A dataclass, which T cannot say.
    needed = [
        f.name
        for f in fields(cls)  # type: ignore[arg-type]  # as above
        if f.default is MISSING and f.default_factory is MISSING
    ]
    if missing := [key for key in needed if key not in data]:
        raise ValueError(f"the descriptor needs {', '.join(missing)}")
    return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in data.items()})
