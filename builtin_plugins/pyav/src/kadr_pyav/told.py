"""Frozen dataclasses as JSON and back, for what a process says that is not believed.

What comes back is checked against the types of the fields: anything else is an error, nothing is
made of it.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

__all__ = ["spoken", "understood"]

T = TypeVar("T")


def spoken(value: Any) -> Any:
    """Data for JSON."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: spoken(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, tuple | list):
        return [spoken(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): spoken(item) for key, item in value.items()}
    return value


def understood(kind: type[T], data: Any) -> T:
    """The object of a type that data stand for.

    Raises:
        ValueError: they do not.
    """
    try:
        return cast(T, _as(kind, data))
    except (TypeError, AttributeError, ZeroDivisionError, KeyError) as error:
        raise ValueError(f"no {kind.__name__}: {error}") from None


def _as(kind: Any, data: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _one_of(get_args(kind), data)
    if origin is tuple:
        return _tuple(get_args(kind), data)
    if origin is dict:
        key, item = get_args(kind)
        return {_as(key, k): _as(item, v) for k, v in data.items()}
    if kind is Fraction:
        top, _, bottom = _exactly(str, data).partition("/")
        return Fraction(int(top), int(bottom))
    if kind is float and type(data) is int:
        return float(data)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        if set(data) != set(hints):
            raise ValueError("other fields")
        return cast(Any, kind)(**{name: _as(hints[name], value) for name, value in data.items()})
    return _exactly(kind, data)


def _one_of(kinds: tuple[Any, ...], data: Any) -> Any:
    if data is None:
        if type(None) in kinds:
            return None
        raise ValueError("nothing where something is needed")
    (kind,) = (k for k in kinds if k is not type(None))
    return _as(kind, data)


def _tuple(kinds: tuple[Any, ...], data: Any) -> tuple[Any, ...]:
    items = _exactly(list, data)
    if len(kinds) == 2 and kinds[1] is ...:
        return tuple(_as(kinds[0], item) for item in items)
    return tuple(_as(kind, item) for kind, item in zip(kinds, items, strict=True))


def _exactly(kind: type[T], data: Any) -> T:
    if type(data) is not kind:
        raise ValueError(f"{type(data).__name__} in place of {kind.__name__}")
    return data


@lru_cache(maxsize=32)
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
