"""``build.toml``: what to build."""

from __future__ import annotations

import tomllib
from pathlib import Path

from kadr_sdk.errors import InvalidPathError, Problem, SerializationError, ValidationError, did_you_mean

from kadr_build.build import ARTEFACTS, Order
from kadr_build.staging import Wanted

__all__ = ["read_order"]

_LISTS = ("plugins", "projects", "artefacts", "install", "grants", "sources")
_KEYS = (*_LISTS, "lock")


def read_order(path: Path) -> Order:
    """The order of a file; paths in it start from its folder.

    Raises:
        InvalidPathError: there is no such file.
        SerializationError: not TOML.
        ValidationError: with every wrong key and value.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise InvalidPathError(f"cannot be read: {error.strerror}", path=path) from error
    except ValueError as error:
        raise SerializationError(f"not TOML: {error}", path=path) from error
    problems = [
        Problem(key, f"unknown key {key!r}", did_you_mean(key, _KEYS)) for key in data if key not in _KEYS
    ]
    for key in _LISTS:
        value = data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            problems.append(Problem(key, "a list of texts is expected"))
    problems += [
        Problem("artefacts", f"unknown artefact {name!r}", did_you_mean(name, ARTEFACTS))
        for name in data.get("artefacts", ())
        if isinstance(name, str) and name not in ARTEFACTS
    ]
    if not isinstance(data.get("lock", ""), str):
        problems.append(Problem("lock", "a path is expected"))
    if problems:
        raise ValidationError(f"{path} is wrong", problems)
    projects = tuple(path.parent / name for name in data.get("projects", ()))
    lists = {key: tuple(data.get(key, ())) for key in _LISTS}
    lock = path.parent / data["lock"] if data.get("lock") else None
    wanted = Wanted(lists["install"], lock, lists["grants"], lists["sources"])
    return Order(lists["plugins"], projects, lists["artefacts"], wanted)
