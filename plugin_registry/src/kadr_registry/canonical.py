"""Canonical JSON: one byte sequence for one value, so that a digest names a document.

Keys sorted, no spaces, UTF-8, no NaN. Reading is as strict as writing: what does not come
out again byte for byte is refused, so no two readers can see different things in one file.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from kadr_registry.faults import RegistryError

__all__ = ["decode", "encode"]


def encode(value: object) -> bytes:
    """The canonical bytes of JSON data (tables, lists, texts, numbers, booleans, null).

    Raises:
        RegistryError: a lone surrogate or a number that JSON does not have.
    """
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8")
    except (ValueError, TypeError, RecursionError) as error:
        raise RegistryError(f"this cannot be written as canonical JSON: {error}") from error


def decode(data: bytes, what: str) -> dict[str, Any]:
    """The table in canonical bytes.

    Args:
        what: names the document in errors.

    Raises:
        RegistryError: not JSON, not a table, keys given twice, or not in canonical form.
    """
    try:
        found = json.loads(data.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise RegistryError(f"{what} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise RegistryError(f"{what} is not a table")
    if encode(found) != data:  # also finds keys given twice
        raise RegistryError(f"{what} is not in canonical form", hint="it was not made by kadr's own tools")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")
