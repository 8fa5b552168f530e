"""The last envelopes as JSON lines for a bug report, safe to print and to send."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from kadr_sdk.errors import StorageError
from kadr_sdk.events import Envelope
from kadr_sdk.text import printable

__all__ = ["dump", "line", "prune"]

_TEXT = 500
_ITEMS = 50
_DEPTH = 5


def dump(envelopes: Iterable[Envelope], path: Path) -> int:
    """Write one JSON object a line, oldest first; the number of lines.

    Raises:
        StorageError: the file cannot be written.
    """
    lines = [line(envelope) + "\n" for envelope in envelopes]
    try:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
    except OSError as error:
        raise StorageError(
            "the event journal cannot be written", path=path, hint=error.strerror or str(error)
        ) from error
    return len(lines)


def prune(folder: Path, keep: int) -> None:
    """Remove all but the newest journals of a folder, by their names, which begin with the time.

    Raises:
        OSError: the folder cannot be read.
    """
    for path in sorted(folder.glob("*.jsonl"))[:-keep]:
        with suppress(OSError):  # another process was faster, or somebody reads it (Windows)
            path.unlink(missing_ok=True)


def line(envelope: Envelope) -> str:
    """An envelope as one line of strict JSON; an event that cannot describe itself is named."""
    try:
        data = envelope.as_dict()
    except Exception as error:  # noqa: BLE001 - a plugin's class must not spoil a bug report
        data = {"event": type(envelope.event).__name__, "id": envelope.id, "unreadable": repr(error)}
    return json.dumps(_clean(data, 0), ensure_ascii=False, allow_nan=False)


def _clean(value: object, depth: int) -> object:
    """JSON-ready data of bounded size, made of printable text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        # Python refuses to write integers of thousands of digits in decimal.
        return int(value) if abs(value) < 1 << 63 else printable(hex(value), _TEXT)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, dict | list | tuple | set | frozenset):
        return _clean_group(value, depth + 1) if depth < _DEPTH else "…"
    return printable(value, _TEXT)


def _clean_group(group: dict[object, object] | Iterable[object], depth: int) -> object:
    if isinstance(group, dict):
        rows = list(group.items())
        cleaned = {printable(k, _TEXT): _clean(v, depth) for k, v in rows[:_ITEMS]}
        return cleaned if len(rows) <= _ITEMS else cleaned | {"…": f"+{len(rows) - _ITEMS}"}
    items = list(group)
    kept = [_clean(item, depth) for item in items[:_ITEMS]]
    return kept if len(items) <= _ITEMS else [*kept, f"… (+{len(items) - _ITEMS})"]
