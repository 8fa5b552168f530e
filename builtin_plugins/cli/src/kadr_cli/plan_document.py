"""A plan as one JSON document: everything that it holds, what its hashes depend on, what is there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import InvalidParameterError, SerializationError

if TYPE_CHECKING:
    from kadr_sdk.forecast import Forecast
    from kadr_sdk.plan import RenderPlan

__all__ = ["SAVE", "SOUND", "document_of", "part_of", "read_document"]

SOUND = "sound"
"""How the sound is called beside the numbers of segments."""

SAVE = "save one with: kadr plan PROJECT --json > plan.json"
"""The remedy for what is no plan."""

_MAX_BYTES = 1 << 30
_OF_PARTS = ("media", "code", "processor")
_NEEDED = ("segments", "audio", "output", "toolchain", "semantics", "hash", "frames", "plugins")


def document_of(plan: RenderPlan, why: Mapping[str, Any], ahead: Forecast) -> dict[str, Any]:
    """What ``kadr plan --json`` prints.

    Args:
        why: of :meth:`kadr_sdk.rendering.Renderer.explain`.
        ahead: of :meth:`kadr_sdk.rendering.Renderer.forecast`.
    """
    from kadr_sdk.plan import canonical

    data: dict[str, Any] = canonical(plan)
    rows = zip(data["segments"], plan.segments, why["segments"], ahead.segments, strict=True)
    for row, segment, depends, made in rows:
        row |= {"start": segment.start, "made": made, "reason": segment.reason}
        row |= {name: depends[name] for name in _OF_PARTS}
    if data["audio"] is not None:
        data["audio"] |= {name: why["audio"][name] for name in _OF_PARTS} | {"made": ahead.audio}
    looked = {name: value for name, value in ahead.as_dict().items() if name != "segments"}
    return data | {"semantics": why["common"]["semantics"], "forecast": looked}


def read_document(path: Path) -> dict[str, Any]:
    """A document that was saved.

    Raises:
        SerializationError: it is none.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SerializationError("a plan of more than 1 GB", path=path)
        data = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SerializationError(f"cannot be read as a plan: {error}", path=path) from error
    except ValueError as error:
        raise SerializationError(f"is no JSON document: {error}", path=path, hint=SAVE) from error
    missing = [name for name in _NEEDED if not isinstance(data, dict) or name not in data]
    if missing:
        raise SerializationError(f"is no plan of this kadr: there is no {missing[0]!r}", path=path, hint=SAVE)
    found: dict[str, Any] = data
    return found


def part_of(document: Mapping[str, Any], wanted: str) -> dict[str, Any]:
    """A segment by its number or the beginning of its hash, or the sound: what its hash depends on.

    Raises:
        InvalidParameterError: there is none, or several.
    """
    output = document["output"]
    common = {"semantics": document["semantics"], "libraries": dict(document["toolchain"])}
    if wanted == SOUND:
        sound = document["audio"]
        if sound is None:
            raise InvalidParameterError("this plan has no sound", path="--why")
        return {"part": SOUND, **common, "settings": output["audio"], **sound}
    row = _segment(document["segments"], wanted)
    return {"part": row["index"], **common, "settings": output["master"] or output["video"], **row}


def _segment(rows: Sequence[Mapping[str, Any]], wanted: str) -> Mapping[str, Any]:
    if wanted.isascii() and wanted.isdigit() and int(wanted) < len(rows):
        return rows[int(wanted)]
    found = [row for row in rows if len(wanted) >= 4 and row["hash"].startswith(wanted)]
    if len({row["hash"] for row in found}) == 1:
        return found[0]
    hint = f"a number from 0 to {len(rows) - 1}, the beginning of a hash" if rows else "a hash"
    text = f"{len(found)} segments begin with {wanted!r}" if found else f"no segment {wanted!r}"
    raise InvalidParameterError(text, path="--why", hint=f"{hint}, or {SOUND}")
