"""Documents of the original product's shape, converted to version 1 on load.

There tracks stand beside the timeline, clips name ``source: {"File": path}`` and end times
(``end_time``, ``source_end``), tracks have a ``track_type``, and effects are typed values
(``{"Float": 0.5}``). Transitions of that shape are not linked to clips, so they cannot be kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["convert_original", "is_original"]


def is_original(data: Mapping[str, Any]) -> bool:
    """True for a document of the original shape."""
    tracks = data.get("tracks")
    return isinstance(tracks, list) and isinstance(data.get("timeline"), Mapping)


def convert_original(data: Mapping[str, Any]) -> dict[str, Any]:
    """The document in the shape of version 1; what does not exist there is left out."""
    timeline = data["timeline"]
    settings = {k: timeline[k] for k in ("fps", "resolution", "sample_rate") if k in timeline}
    tracks = [_track(t, n) for n, t in enumerate(data["tracks"]) if isinstance(t, Mapping)]
    known = ("id", "name", "description", "author", "created_at", "modified_at")
    metadata = {k: v for k, v in dict(data.get("metadata", {})).items() if k in known and v is not None}
    kept = {
        k: data[k]
        for k in ("templates", "style_templates", "subtitles", "transitions", "filters")
        if k in data
    }
    return {
        "version": "1.0.0",
        "metadata": metadata,
        "timeline": settings | {"tracks": tracks},
        "effects": [_effect(e) for e in data.get("effects", []) if isinstance(e, Mapping)],
        "extensions": {"original": kept} if kept else {},
    }


def _track(track: Mapping[str, Any], number: int) -> dict[str, Any]:
    kept = ("id", "name", "enabled", "locked", "volume", "effects")
    kind = str(track.get("track_type", track.get("type", "Video"))).lower()
    clips = [_clip(c) for c in track.get("clips", []) if isinstance(c, Mapping)]
    values = {k: track[k] for k in kept if k in track}
    return {"id": f"track-{number}"} | values | {"type": kind, "clips": clips}


def _clip(clip: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("id", "start_time", "source_start", "speed", "opacity", "effects", "transform")
    values: dict[str, Any] = {k: clip[k] for k in kept if clip.get(k) is not None}
    source = clip.get("source")
    if isinstance(source, Mapping) and "File" in source:
        values["source_file"] = source["File"]
    elif "source_file" in clip:
        values["source_file"] = clip["source_file"]
    if "end_time" in clip:
        values["duration"] = _difference(clip["end_time"], clip.get("start_time", 0))
    return values


def _difference(end: Any, start: Any) -> Any:
    from kadr_sdk.times import format_seconds, parse_time

    return format_seconds(parse_time(end) - parse_time(start))


def _effect(effect: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {k: _value(v) for k, v in dict(effect.get("parameters", {})).items()}
    kept = {k: effect[k] for k in ("id", "enabled") if k in effect}
    return kept | {"effect_type": _name(str(effect.get("effect_type", ""))), "parameters": parameters}


def _value(value: Any) -> Any:
    if isinstance(value, Mapping) and len(value) == 1:
        kind, inner = next(iter(value.items()))
        if kind in ("Float", "Int", "String", "Bool", "FloatArray", "FilePath"):
            return inner
        if kind == "Color" and isinstance(inner, int):
            return f"#{inner & 0xFFFFFF:06x}"
    return value


def _name(kind: str) -> str:
    """``ChromaKey`` as ``chroma_key``."""
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(kind))
