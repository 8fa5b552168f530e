"""What changed between two plans: which segments are to be made again, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

__all__ = ["compare"]

_MOST = 8  # reasons of one part: of more, the first ones and their number

Row = Mapping[str, Any]


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The difference of two documents of plans, as JSON-ready data.

    Returns:
        ``same``: segments whose hash the old plan has, at whatever place; ``moved``: those of
        them that stand elsewhere; ``invalidated``: rows with segment, start, frames and reasons;
        ``gone``: segments that only the old one has; ``audio``: reasons, empty where it is the
        same; ``output``: other changes of the file.
    """
    general = [*_common(old, new), *_settings(_pictures(old), _pictures(new), "pictures")]
    held: dict[str, list[int]] = {}
    for row in old["segments"]:
        held.setdefault(row["hash"], []).append(row["start"])
    kept = [row for row in new["segments"] if row["hash"] in held]
    fresh = {row["hash"] for row in new["segments"]}
    left = [row for row in old["segments"] if row["hash"] not in fresh]
    changed = [(row, moved) for row, moved in _moves(new["segments"], held) if row["hash"] not in held]
    return {
        "same": len(kept),
        "moved": [row["index"] for row in kept if row["start"] not in held[row["hash"]]],
        "invalidated": [
            _invalid(old, new, row, _counterpart(row, left, moved), general) for row, moved in changed
        ],
        "gone": len(left),
        "audio": _audio(old, new),
        "output": list(_output(old["output"], new["output"])),
    }


def _moves(rows: Sequence[Row], held: Mapping[str, Sequence[int]]) -> Iterator[tuple[Row, set[int]]]:
    """Each segment, and by how many frames its neighbours have moved: those before it, and behind it."""
    moves = [
        min((row["start"] - at for at in held.get(row["hash"], ())), key=abs, default=None) for row in rows
    ]
    before, behind = [0], [0]
    for move in moves:
        before.append(before[-1] if move is None else move)
    for move in reversed(moves):
        behind.append(behind[-1] if move is None else move)
    for number, row in enumerate(rows):
        yield row, {before[number], behind[len(rows) - 1 - number]}


def _invalid(old: Row, new: Row, row: Row, other: Row | None, general: Sequence[str]) -> dict[str, Any]:
    reasons = [*general]
    if other is not None:
        reasons += _part(other, row)
        reasons += _plugins(old, new) if other["code"] != row["code"] else ()
        if other["count"] != row["count"]:
            reasons.append(f"length: {other['count']} frames, now {row['count']}")
        reasons += _tree(other["copy"], row["copy"], "copy")
        reasons += _tree(other["spans"], row["spans"], "spans")
    elif not general:
        reasons.append("new: nothing of the other plan stands at this place")
    return {
        "segment": row["index"],
        "start": row["start"],
        "frames": row["count"],
        "hash": row["hash"],
        "made": row["made"],
        "reasons": _few(reasons),
    }


def _counterpart(row: Row, left: Sequence[Row], moves: Iterable[int]) -> Row | None:
    """The segment that stood there before: the one with most frames in common.

    Args:
        moves: by how many frames what was there may have moved since.
    """
    best, most = None, 0
    for other, move in product(left, sorted(moves, key=abs)):
        start = other["start"] + move
        shared = min(row["start"] + row["count"], start + other["count"]) - max(row["start"], start)
        if shared > most:
            best, most = other, shared
    return best


def _part(old: Row, new: Row) -> Iterator[str]:
    """Media, code and processor."""
    for path in sorted({*old["media"], *new["media"]}):
        before, after = old["media"].get(path), new["media"].get(path)
        if before and after and before != after:
            yield f"content of {path}: sha256 {before[:12]}, now {after[:12]}"
        elif not before:
            yield f"reads {path}, which it did not"
        elif not after:
            yield f"does not read {path} any more"
    for effect in sorted({*old["code"]} & {*new["code"]}):
        if old["code"][effect] != new["code"][effect]:
            yield f"code of {effect}: {old['code'][effect][:12]}, now {new['code'][effect][:12]}"
    if old["processor"] != new["processor"]:
        yield f"class of processor: {old['processor'] or 'any'}, now {new['processor'] or 'any'}"


def _plugins(old: Row, new: Row) -> Iterator[str]:
    """Plugins that take part, where the version is another."""
    before, after = dict(old["plugins"]), dict(new["plugins"])
    for plugin in sorted({*before} & {*after}):
        if before[plugin] != after[plugin]:
            yield f"plugin {plugin}: {before[plugin]}, now {after[plugin]}"


def _common(old: Row, new: Row) -> Iterator[str]:
    if old["semantics"] != new["semantics"]:
        yield f"meaning of plans: {old['semantics']}, now {new['semantics']}"
    yield from _settings(dict(old["toolchain"]), dict(new["toolchain"]), "library")


def _pictures(document: Row) -> Mapping[str, Any]:
    output = document["output"]
    found: Mapping[str, Any] = output["master"] or output["video"] or {}
    return found


def _settings(old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> Iterator[str]:
    for key in sorted({*old, *new}):
        yield from _tree(old.get(key), new.get(key), f"{name} {key}")


def _audio(old: Row, new: Row) -> list[str]:
    before, after = old["audio"], new["audio"]
    if before is None or after is None:
        if before is after:
            return []
        return ["there is sound now" if before is None else "there is no sound any more"]
    if before["hash"] == after["hash"]:
        return []
    reasons = [*_common(old, new)]
    reasons += _settings(old["output"]["audio"], new["output"]["audio"], "sound")
    reasons += _part(before, after)
    skipped = ("hash", "made", "media", "code", "processor")
    for key in sorted({*before, *after} - {*skipped}):
        reasons += _tree(before.get(key), after.get(key), key)
    return _few(reasons)


def _output(old: Row, new: Row) -> Iterator[str]:
    """The file around pictures and sound: container, chapters, tags."""
    for key in sorted({*old, *new} - {"video", "audio", "master"}):
        yield from _tree(old.get(key), new.get(key), key)


def _tree(old: Any, new: Any, place: str) -> Iterator[str]:
    """Every leaf that differs, by its place; an effect is named there."""
    if old == new:
        return
    if _named(old) and _named(new):
        old, new = dict(old), dict(new)
    if isinstance(old, dict) and isinstance(new, dict) and old.get("type") == new.get("type"):
        place += f" {new['effect']}" if new.get("effect") else ""
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _tree(old.get(key), new.get(key), f"{place}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (a, b) in enumerate(zip(old, new, strict=True)):
            yield from _tree(a, b, f"{place}[{index}]")
    else:
        yield f"{place}: {_short(old)}, now {_short(new)}"


def _named(value: Any) -> bool:
    """True for parameters and options: pairs of a name and a value."""
    return isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in value
    )


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return str(value.get("type", "something else"))
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _few(reasons: list[str]) -> list[str]:
    reasons = list(dict.fromkeys(reasons))
    more = len(reasons) - _MOST
    return [*reasons[:_MOST], f"and {more} more"] if more > 0 else reasons
