"""Model cards as TOML: read with every problem at once, and written."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from kadr_sdk.errors import Problem, ValidationError, did_you_mean
from kadr_sdk.models import ModelCard, ModelFile, Preparation, Tensor
from kadr_sdk.text import shown

__all__ = ["TASKS", "card_data", "parse_card", "read_card"]

TASKS = ("detection", "segmentation", "pose", "face", "embedding")
FITS = ("topleft", "center", "stretch")
_ID = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA = re.compile(r"[0-9a-f]{64}")
_TEXTS = ("id", "title", "task", "license", "summary", "origin", "family")
_KEYS = (*_TEXTS, "files", "inputs", "outputs", "preparation", "settings", "classes")
_MAX_CARD = 1 << 20


def read_card(path: Path, *, trusted: bool = False) -> ModelCard:
    """The card in a file.

    Raises:
        ValidationError: not a card; with every problem.
    """
    try:
        if path.stat().st_size > _MAX_CARD:
            raise ValidationError("larger than a model card may be", path=path)
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ValidationError(f"cannot be read: {error.strerror or error}", path=path) from error
    except ValueError as error:
        raise ValidationError(f"not TOML: {error}", path=path) from error
    return parse_card(data, path, trusted=trusted)


def parse_card(data: Mapping[str, Any], path: object = "", *, trusted: bool = False) -> ModelCard:
    """The card of a document's data.

    Raises:
        ValidationError: with every problem.
    """
    problems = list(_problems(data))
    if problems:
        raise ValidationError("not a model card", problems, path=path)
    texts = {key: data[key] for key in _TEXTS if key in data}
    preparation = dict(data.get("preparation", {}))
    for key in ("mean", "std"):
        if key in preparation:
            preparation[key] = tuple(float(v) for v in preparation[key])
    return ModelCard(
        **texts,
        files=tuple(ModelFile(**row) for row in data["files"]),
        inputs=tuple(_tensor(row) for row in data.get("inputs", ())),
        outputs=tuple(_tensor(row) for row in data.get("outputs", ())),
        preparation=Preparation(**preparation),
        settings=dict(data.get("settings", {})),
        classes=tuple(data.get("classes", ())),
        trusted=trusted,
    )


def card_data(card: ModelCard) -> dict[str, Any]:
    """The document of a card, as :func:`parse_card` reads it."""
    data = asdict(card)
    del data["trusted"]
    data["settings"] = dict(card.settings)
    data["preparation"] = {k: list(v) if isinstance(v, tuple) else v for k, v in data["preparation"].items()}
    for key in ("files", "inputs", "outputs"):
        data[key] = [{k: list(v) if isinstance(v, tuple) else v for k, v in row.items()} for row in data[key]]
    data["classes"] = list(card.classes)
    return {key: value for key, value in data.items() if value or key in ("title", "license")}


def _tensor(row: Mapping[str, Any]) -> Tensor:
    return Tensor(row["name"], row["dtype"], tuple(row["shape"]))


# -- problems ----------------------------------------------------------------------------------


def _problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    for key in data:
        if key not in _KEYS:
            yield Problem(key, "unknown key", did_you_mean(key, _KEYS))
    for key in _TEXTS:
        if key in data and not isinstance(data[key], str):
            yield Problem(key, "a text is expected")
    for key in ("id", "title", "task", "license", "files"):
        if key not in data:
            yield Problem(key, "is needed")
    if not _ID.fullmatch(str(data.get("id", "x"))) or len(str(data.get("id", ""))) > 100:
        yield Problem("id", f"{shown(data['id'])} is not an id", "write lower-case words joined by dashes")
    if data.get("task", TASKS[0]) not in TASKS:
        yield Problem("task", f"unknown task {shown(data['task'])}", did_you_mean(str(data["task"]), TASKS))
    classes = data.get("classes", [])
    if not isinstance(classes, list) or not all(isinstance(c, str) and c for c in classes):
        yield Problem("classes", "a list of names is expected")
    if not isinstance(data.get("settings", {}), Mapping):
        yield Problem("settings", "a table is expected")
    yield from _files(data.get("files", []))
    for key in ("inputs", "outputs"):
        yield from _tensors(key, data.get(key, []))
    yield from _preparation(data.get("preparation", {}))


def _files(rows: Any) -> Iterator[Problem]:
    if not isinstance(rows, list) or not rows:
        yield Problem("files", "at least one file is needed")
        return
    for number, row in enumerate(rows):
        where = f"files[{number}]"
        if not isinstance(row, Mapping):
            yield Problem(where, "a table is expected")
            continue
        for key in set(row) - {"name", "sha256", "size", "source"}:
            yield Problem(f"{where}.{key}", "unknown key")
        if not _NAME.fullmatch(str(row.get("name", ""))):
            yield Problem(f"{where}.name", "a plain file name is needed", "letters, digits, dots and dashes")
        if not _SHA.fullmatch(str(row.get("sha256", ""))):
            yield Problem(f"{where}.sha256", "64 hexadecimal digits in lower case are needed")
        size = row.get("size")
        if not isinstance(size, int) or isinstance(size, bool) or not 0 < size < 1 << 40:
            yield Problem(f"{where}.size", "the number of bytes is needed")
        source = row.get("source", "")
        if not isinstance(source, str) or (source and not source.startswith(("https://", "http://"))):
            yield Problem(f"{where}.source", "an address is expected", "begin with https://")
    names = [str(r.get("name")).lower() for r in rows if isinstance(r, Mapping)]
    if len(set(names)) != len(names):
        yield Problem("files", "two files have the same name")


def _tensors(key: str, rows: Any) -> Iterator[Problem]:
    for number, row in enumerate(rows if isinstance(rows, list) else [None]):
        good = (
            isinstance(row, Mapping)
            and set(row) == {"name", "dtype", "shape"}
            and isinstance(row["name"], str)
            and isinstance(row["dtype"], str)
            and isinstance(row["shape"], list)
            and all(isinstance(s, int) and s >= 0 for s in row["shape"])
        )
        if not good:
            yield Problem(f"{key}[{number}]", "name, dtype and shape are needed")


def _preparation(data: Any) -> Iterator[Problem]:
    if not isinstance(data, Mapping):
        yield Problem("preparation", "a table is expected")
        return
    known = {f.name for f in fields(Preparation)}
    for key, value in data.items():
        where = f"preparation.{key}"
        if key not in known:
            yield Problem(where, "unknown key", did_you_mean(key, known))
        elif key == "fit" and value not in FITS:
            yield Problem(where, f"unknown fit {shown(value)}", did_you_mean(str(value), FITS))
        elif key == "order" and value not in ("rgb", "bgr"):
            yield Problem(where, "rgb or bgr is expected")
        elif key in ("mean", "std"):
            if not _numbers(value, 3) or (key == "std" and not all(value)):
                yield Problem(where, "three numbers are expected, std without zeros")
        elif key in ("width", "height", "fill"):
            if not isinstance(value, int) or not 0 <= value <= (255 if key == "fill" else 8192):
                yield Problem(where, f"{shown(value)} is out of range")
        elif key == "scale" and not (_numbers([value], 1) and value > 0):
            yield Problem(where, "a positive number is expected")


def _numbers(value: Any, count: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1e9 for v in value)
    )
