"""The grants on disk: one JSON file, believed whole or not at all.

Every value is checked when it is read. What is not exactly as kadr writes it is an error and
never a grant; nothing is repaired or guessed, and the file is not written over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kadr_sdk.errors import SerializationError, StorageError
from kadr_sdk.ids import check_plugin_id
from kadr_sdk.permissions import PermissionSet

from kadr_kernel.disk import write_whole
from kadr_kernel.permissions.grant import Grant, Term

__all__ = ["FORMAT", "parse_grants", "read_bytes", "write_grants"]

FORMAT = 1
_MAX_BYTES = 5_000_000
_KEYS = {"plugin", "publisher", "version", "contents", "term", "asked", "digest", "permissions", "time"}


def read_bytes(path: Path) -> bytes:
    """The file's bytes, empty where there is none.

    Raises:
        StorageError: it cannot be read.
        SerializationError: it is absurdly large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise StorageError(f"the grants cannot be read: {error.strerror}", path=path) from error
    if len(data) > _MAX_BYTES:
        raise _corrupt(path, "it is larger than 5 MB")
    if not data:
        raise _corrupt(path, "it is empty")
    return data


def parse_grants(data: bytes, path: Path) -> tuple[Grant, ...]:
    """The grants in a file's bytes; none in no bytes.

    Raises:
        SerializationError: anything is not as kadr writes it.
    """
    if not data:
        return ()
    try:
        return _document(json.loads(data.decode("utf-8"), object_pairs_hook=_no_doubles), path)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _corrupt(path, str(error) or type(error).__name__) from error


def write_grants(path: Path, grants: Iterable[Grant]) -> None:
    """Write them atomically, in a fixed order.

    Raises:
        StorageError: the file is as it was.
    """
    rows = sorted((_row(grant) for grant in grants), key=lambda row: json.dumps(row, sort_keys=True))
    data = (json.dumps({"format": FORMAT, "grants": rows}, indent=1) + "\n").encode()
    write_whole(path, data, private=True)


def _document(data: Any, path: Path) -> tuple[Grant, ...]:
    if not isinstance(data, dict) or set(data) != {"format", "grants"}:
        raise ValueError("it is not a list of grants")
    if isinstance(data["format"], int) and data["format"] > FORMAT:
        raise SerializationError("was written by a newer kadr", path=path, hint="update kadr")
    if data["format"] != FORMAT or not isinstance(data["grants"], list):
        raise ValueError("it is not a list of grants")
    return tuple(_grant(row) for row in data["grants"])


def _row(grant: Grant) -> dict[str, object]:
    return {
        "plugin": grant.plugin,
        "publisher": grant.publisher,
        "version": grant.version,
        "contents": grant.contents,
        "term": grant.term.value,
        "asked": [str(p) for p in grant.asked],
        "digest": grant.asked.digest(),
        "permissions": [str(p) for p in grant.permissions],
        "time": grant.time,
    }


def _grant(row: Any) -> Grant:
    if not isinstance(row, dict) or set(row) != _KEYS:
        raise ValueError("a grant has other keys than it should")
    for key in ("plugin", "publisher", "version", "contents", "term", "digest"):
        if not isinstance(row[key], str):
            raise TypeError(f"{key} is not a text")
    if type(row["time"]) is not int:
        raise TypeError("time is not a whole number")
    asked, permissions = _permissions(row, "asked"), _permissions(row, "permissions")
    if asked.digest() != row["digest"]:
        raise ValueError(f"the digest of {row['plugin']!r} does not fit what it asked for")
    term = Term(row["term"])
    plugin = check_plugin_id(row["plugin"])
    texts = row["publisher"], row["version"], row["contents"]
    return Grant(plugin, *texts, term, asked, permissions, row["time"])


def _permissions(row: dict[str, Any], key: str) -> PermissionSet:
    texts = row[key]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise TypeError(f"{key} is not a list of texts")
    return PermissionSet.of(texts)


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise ValueError("a key is written twice")
    return keys


def _corrupt(path: Path, reason: str) -> SerializationError:
    return SerializationError(
        f"the grants are damaged and count for nothing: {reason}",
        path=path,
        hint="restore the file or move it away, then allow again with: kadr plugin enable ID --grant …",
    )
