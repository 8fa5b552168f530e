"""Vectors beside a plugin: cases and the hash of what its effect made of each when it was last right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kadr_sdk.effects import EffectDeclaration
from kadr_sdk.errors import SerializationError
from kadr_sdk.params import Param

from kadr_author.building import write_whole
from kadr_author.calls import SIZES, Case, formats_of, is_sound

__all__ = ["Vector", "cases_for", "file_of", "read_vectors", "write_vectors"]

_KEYS = {"format", "width", "height", "frame", "range", "progress", "values", "sha256"}
_NEEDED = {"format", "width", "height", "sha256"}


@dataclass(frozen=True, slots=True)
class Vector:
    """A case and its expected hash."""

    case: Case
    sha256: str


def file_of(folder: Path, declaration: EffectDeclaration) -> Path:
    """The file of an effect's vectors: named after the last part of its id."""
    return folder / f"{declaration.id.rpartition('.')[2]}.json"


def read_vectors(path: Path) -> list[Vector]:
    """The vectors of a file; none where there is no file.

    Raises:
        SerializationError: it is not a list of vectors.
    """
    hint = "kadr plugin test --update writes it anew"
    try:
        rows = json.loads(path.read_text("utf-8"))
        return [_vector(row) for row in rows]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise SerializationError(f"this is no file of vectors: {error}", path=path, hint=hint) from error


def _vector(row: dict[str, Any]) -> Vector:
    if unknown := set(row) - _KEYS:
        raise ValueError(f"unknown key {sorted(unknown)[0]!r}")
    if missing := _NEEDED - set(row):
        raise ValueError(f"a vector needs {sorted(missing)[0]!r}")
    return Vector(Case(**{key: value for key, value in row.items() if key != "sha256"}), row["sha256"])


def write_vectors(path: Path, vectors: list[Vector]) -> None:
    """Write them whole, one a line."""
    rows = [json.dumps(v.case.as_dict() | {"sha256": v.sha256}, sort_keys=True) for v in vectors]
    write_whole(path, ("[\n" + ",\n".join(f"  {row}" for row in rows) + "\n]\n").encode())


def cases_for(declaration: EffectDeclaration) -> list[Case]:
    """Cases that reach every format, an even and an odd size, and two values of every parameter."""
    needed = {p.name: v[0] for p in declaration.params if p.required and (v := _other_values(p))}
    sets = [needed, *(needed | values for values in _value_sets(declaration))]
    found = []
    for number, name in enumerate(formats_of(declaration)):
        for step, (width, height) in enumerate(SIZES):
            at = 2 * number + step
            size = (48000, 0) if is_sound(declaration) else (width, height)
            found.append(
                Case(name, *size, 3 * at, "pc" if at % 3 == 2 else "tv", at % 5 / 4, sets[at % len(sets)])
            )
    for at, values in enumerate(sets[len(found) :]):
        found.append(Case(found[0].format, found[0].width, found[0].height, at, "tv", 0.5, values))
    return found


def _value_sets(declaration: EffectDeclaration) -> Iterator[dict[str, Any]]:
    for param in declaration.params:
        for value in _other_values(param):
            yield {param.name: value}


def _other_values(param: Param) -> list[Any]:
    """One or two values that are not the default."""
    simple: dict[str, list[Any]] = {
        "bool": [not param.default],
        "choice": [c for c in param.choices if c != param.default][:2],
        "color": ["#20c040", "#ff8000"],
        "text": ["kadr"],
        "curve": [[[0, 0], [0.5, 0.8], [1, 1]]],
    }
    if param.type in simple:
        return simple[param.type]
    low = -100.0 if param.min is None else param.min
    high = 100.0 if param.max is None else param.max
    found = [low + (high - low) * part for part in (0.25, 0.8)]
    if param.type == "int":
        found = [int(value) for value in found]
    if param.type in ("point", "rect"):
        return [[value] * (2 if param.type == "point" else 4) for value in found]
    return [] if param.type == "file" else [value for value in found if value != param.default]
