"""Parsing a project document: exact decimals, every problem at once, did-you-mean."""

from __future__ import annotations

import functools
import itertools
import json
import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import pydantic

from kadr_sdk.errors import Problem, SerializationError, ValidationError, did_you_mean
from kadr_sdk.project.model import Clip, Project, Timeline
from kadr_sdk.text import printable, shown
from kadr_sdk.times import parse_rate

__all__ = ["MAX_BYTES", "dump_project", "parse_project", "project_schema"]

MAX_BYTES = 256 * 1024 * 1024
"""The largest project document accepted."""
_MAX_PROBLEMS = 200  # enough to read
_LONG = 200  # characters of a foreign name that a message shows


def parse_project(text: str | bytes | Mapping[str, Any], *, name: str = "project") -> Project:
    """A project from JSON text or data.

    Args:
        text: the document.
        name: what to call it in errors, usually the path.

    Raises:
        SerializationError: not JSON, or not an object.
        ValidationError: broken rules, all of them, each with its path.
    """
    data = _load(text, name) if isinstance(text, str | bytes) else dict(text)
    try:
        project = Project.model_validate(data, context={"fps": _rate_of(data)})
    except pydantic.ValidationError as error:
        rows = error.errors(include_url=False, include_context=False)
        raise _broken([_problem(row, data) for row in rows[:_MAX_PROBLEMS]], len(rows), name) from None
    problems = list(itertools.islice(_rules(project), _MAX_PROBLEMS))
    if problems:
        raise _broken(problems, len(problems), name)
    return project


def _broken(problems: list[Problem], found: int, name: str) -> ValidationError:
    if found > len(problems):
        problems.append(Problem("", f"and {found - len(problems)} more problems"))
    return ValidationError("the project breaks rules", problems, path=name)


def _load(text: str | bytes, name: str) -> dict[str, Any]:
    if len(text) > MAX_BYTES:
        raise SerializationError("the project is larger than 256 MB", path=name)
    try:
        data = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        raise SerializationError(f"not a JSON document: {error}", path=name) from None
    if not isinstance(data, dict):
        raise SerializationError("a project is a JSON object", path=name)
    return data


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{shown(text)} is beyond the largest number")
    return number


def _rate_of(data: Mapping[str, Any]) -> Fraction:
    timeline = data.get("timeline")
    try:
        return (
            parse_rate(timeline["fps"])
            if isinstance(timeline, Mapping) and "fps" in timeline
            else Fraction(30)
        )
    except ValueError:
        return Fraction(30)  # the field's own check reports it


def _problem(row: Any, data: Mapping[str, Any]) -> Problem:
    path = _path(row["loc"], data)
    if row["type"] == "extra_forbidden":
        key = str(row["loc"][-1])
        return Problem(path, f"unknown field {shown(key)}", did_you_mean(key[:_LONG], _known_at(row["loc"])))
    message = str(row["msg"])
    if row["type"] == "value_error":
        return Problem(path, message.removeprefix("Value error, "))
    return Problem(path, message[:1].lower() + message[1:])


def _path(parts: tuple[int | str, ...], data: Any) -> str:
    """Where in the document; names that pydantic gives to the branches of a union are left out."""
    text = ""
    for number, part in enumerate(parts):
        if isinstance(part, int):
            text += f"[{part}]"
            data = data[part] if isinstance(data, list | tuple) and part < len(data) else None
        elif isinstance(data, Mapping) and (part in data or number == len(parts) - 1):
            name = printable(part, _LONG)
            text += f".{name}" if text else name
            data = data.get(part)
    return text


def _known_at(parts: tuple[int | str, ...]) -> list[str]:
    """Field names of the model that a location's last part was looked for in."""
    schema = _schema()
    definitions = schema.get("$defs", {})
    here: dict[str, Any] = schema
    for part in parts[:-1]:
        here = _resolve(here, definitions)
        if isinstance(part, int):
            here = here.get("items") or next(iter(here.get("prefixItems", [{}])), {})
        elif part in here.get("properties", {}):
            here = here["properties"][part]
        elif isinstance(here.get("additionalProperties"), dict):
            here = here["additionalProperties"]
    return list(_resolve(here, definitions).get("properties", {}))


@functools.cache
def _schema() -> dict[str, Any]:
    return Project.model_json_schema()


def _resolve(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _resolve(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    for option in schema.get("anyOf", schema.get("oneOf", ())):
        resolved = _resolve(option, definitions)
        if "properties" in resolved or "items" in resolved:
            return resolved
    return schema


def _rules(project: Project) -> Iterator[Problem]:
    """Rules across fields that need no media and no plugins."""
    yield from _exports(project)
    yield from _unique("effects", [effect.id for effect in project.effects])
    pool = {effect.id for effect in project.effects if effect.id}
    timelines = [("timeline", project.timeline)]
    timelines += [(f"sequences.{name}", timeline) for name, timeline in project.sequences.items()]
    for where, timeline in timelines:
        yield from _unique(f"{where}.tracks", [t.id for t in timeline.tracks])
        yield from _effects(f"{where}.effects", timeline.effects, pool)
        yield from _ducks(where, timeline)
        for t, track in enumerate(timeline.tracks):
            path = f"{where}.tracks[{t}]"
            yield from _unique(f"{path}.clips", [c.id for c in track.clips])
            yield from _effects(f"{path}.effects", track.effects, pool)
            for name, low, high in (("volume", 0, 4), ("pan", -1, 1), ("opacity", 0, 1)):
                yield from _range(f"{path}.{name}", getattr(track, name), low, high)
            for c, clip in enumerate(track.clips):
                yield from _clip(f"{path}.clips[{c}]", clip, project)
                yield from _effects(f"{path}.clips[{c}].effects", clip.effects, pool)
            known = {c.id for c in track.clips}
            for n, transition in enumerate(track.transitions):
                for side in transition.between:
                    if side not in known:
                        hint = did_you_mean(side, known)
                        yield Problem(
                            f"{path}.transitions[{n}].between", f"no clip {side!r} on this track", hint
                        )


def _exports(project: Project) -> Iterator[Problem]:
    """Ids and renditions are told apart, and nothing is written outside the project's folder."""
    yield from _unique("exports", [e.id for e in project.exports])
    places = [("export", project.export), *((f"exports[{n}]", e) for n, e in enumerate(project.exports))]
    for path, export in places:
        names = [r.name.lower() for r in export.renditions]
        for number, name in enumerate(names):
            if name in names[:number]:
                yield Problem(f"{path}.renditions[{number}].name", f"{name!r} is used twice", "rename one")
    for number, named in enumerate(project.exports):
        windows, posix = PureWindowsPath(named.output), PurePosixPath(named.output)
        if windows.anchor or posix.anchor or ".." in windows.parts:
            text = f"{shown(named.output)} is outside the project's folder"
            yield Problem(f"exports[{number}].output", text, "write a name, or a folder below and a name")


def _unique(path: str, ids: list[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, name in enumerate(ids):
        if name and name in seen:
            yield Problem(f"{path}[{number}].id", f"the id {name!r} is used twice", "give it another id")
        seen.add(name)


def _effects(path: str, uses: tuple[Any, ...], pool: set[str]) -> Iterator[Problem]:
    for number, use in enumerate(uses):
        if isinstance(use, str) and use not in pool:
            hint = did_you_mean(use[:_LONG], pool)
            yield Problem(f"{path}[{number}]", f"no effect {shown(use)} in the project", hint)


def _ducks(where: str, timeline: Timeline) -> Iterator[Problem]:
    """Tracks duck under others that are there, and never in a circle."""
    under = {t.id: t.duck.under for t in timeline.tracks if t.duck}
    known = {t.id for t in timeline.tracks}
    for number, track in enumerate(timeline.tracks):
        path = f"{where}.tracks[{number}].duck.under"
        for name in under.get(track.id, ()):
            if name not in known:
                yield Problem(path, f"no track {shown(name)}", did_you_mean(name[:_LONG], known))
        if track.id in _reached(under, track.id):
            yield Problem(path, f"{shown(track.id)} makes way for itself", "break the circle")


def _reached(under: dict[str, tuple[str, ...]], name: str) -> set[str]:
    found: set[str] = set()
    waiting = list(under.get(name, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += under.get(one, ())
    return found


def _clip(path: str, clip: Clip, project: Project) -> Iterator[Problem]:
    sources = [clip.source_file, clip.generator, clip.sequence]
    if sum(source is not None for source in sources) != 1:
        yield Problem(path, "exactly one of source_file, generator and sequence is needed")
    if clip.sequence is not None and clip.sequence not in project.sequences:
        yield Problem(
            f"{path}.sequence",
            f"no sequence {clip.sequence!r}",
            did_you_mean(clip.sequence, project.sequences),
        )
    if clip.crop.left + clip.crop.right >= 1 or clip.crop.top + clip.crop.bottom >= 1:
        yield Problem(
            f"{path}.crop", "nothing is left of the picture", "opposite sides add up to less than 1"
        )
    for name, low, high in (("speed", 0.01, 100), ("opacity", 0, 1), ("volume", 0, 4), ("pan", -1, 1)):
        yield from _range(f"{path}.{name}", getattr(clip, name), low, high)
    for name in ("scale_x", "scale_y"):
        yield from _range(f"{path}.transform.{name}", getattr(clip.transform, name), 0, 100)
    for name in ("position_x", "position_y", "anchor_x", "anchor_y"):
        yield from _range(f"{path}.transform.{name}", getattr(clip.transform, name), -100, 100)
    yield from _range(f"{path}.transform.rotation", clip.transform.rotation, -36000, 36000)


def _range(path: str, value: Any, low: float, high: float) -> Iterator[Problem]:
    values = [k.value for k in value.keyframes] if hasattr(value, "keyframes") else [value]
    for number in values:
        if not low <= number <= high:
            yield Problem(path, f"{number:g} is outside {low:g}..{high:g}")
            return


def dump_project(project: Project) -> str:
    """The document as JSON text, two spaces, fields at their defaults left out.

    Raises:
        SerializationError: what stands under ``extensions`` lies too deep in itself to be written.
    """
    try:
        data = {"version": project.version} | project.model_dump(mode="json", exclude_defaults=True)
    except ValueError as error:
        hint = "leave out what lies hundreds of levels deep under extensions"
        raise SerializationError(f"the project cannot be written: {error}", hint=hint) from None
    text = json.dumps(data, indent=2, ensure_ascii=False, default=_plain) + "\n"
    if not _is_unicode(text):  # half of a surrogate pair, kept from a file that had it as an escape
        text = json.dumps(data, indent=2, default=_plain) + "\n"
    return text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def project_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the project file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Project.model_json_schema()
