"""Documents of the original product's shape, converted to version 1 on load.

There tracks stand beside the timeline, clips name ``source: {"File": path}`` and end times
(``end_time``, ``source_end``), tracks have a ``track_type``, effects are typed values
(``{"Float": 0.5}``), and a clip may carry a ``color_correction``. Transitions of that shape
are not linked to clips, so they cannot be rendered. Whatever has no place in version 1 is
kept under ``extensions.original`` of its object. Nothing is checked here: what is wrong is
said by the parser of version 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from kadr_sdk.times import format_seconds, parse_time

__all__ = ["convert_original", "is_original"]

_METADATA = ("id", "name", "description", "author", "created_at", "modified_at")
_CLIP = ("id", "start_time", "source_start", "speed", "opacity", "transform")
_TRACK = ("id", "name", "enabled", "locked", "volume", "effects")
_CORRECTIONS = {
    "brightness": ("brightness", "value", 0),
    "contrast": ("contrast", "value", 1),
    "saturation": ("saturation", "value", 1),
    "gamma": ("gamma", "value", 1),
    "hue": ("hue", "angle", 0),
}
"""Effect, parameter and neutral value of each part of a colour correction, in the order of work."""


def is_original(data: Mapping[str, Any]) -> bool:
    """True for a document of the original shape."""
    tracks = data.get("tracks")
    return isinstance(tracks, list) and isinstance(data.get("timeline"), Mapping)


def convert_original(data: Mapping[str, Any]) -> dict[str, Any]:
    """The document in the shape of version 1."""
    timeline, metadata = data["timeline"], data.get("metadata", {})
    settings = {k: timeline[k] for k in ("fps", "resolution", "sample_rate") if k in timeline}
    tracks = [_track(t, n) for n, t in enumerate(data["tracks"])]
    found: dict[str, Any] = {
        "version": "1.0.0",
        "metadata": _picked(metadata, _METADATA) if isinstance(metadata, Mapping) else metadata,
        "timeline": settings | {"tracks": tracks} | _kept(timeline, {*settings, "duration"}),
        "effects": [_effect(e) for e in _list(data.get("effects"))],
    }
    return found | _kept(data, {"version", "metadata", "timeline", "tracks", "effects"})


def _track(track: Any, number: int) -> Any:
    if not isinstance(track, Mapping):
        return track
    kind = str(track.get("track_type", track.get("type", "Video"))).lower()
    values = {"id": f"track-{number}"} | _picked(track, _TRACK) | {"type": kind}
    clips = [_clip(c) for c in _list(track.get("clips"))]
    return values | {"clips": clips} | _kept(track, {*_TRACK, "track_type", "type", "clips"})


def _clip(clip: Any) -> Any:
    if not isinstance(clip, Mapping):
        return clip
    values = _picked(clip, _CLIP)
    source = clip.get("source")
    taken = {*_CLIP, "end_time", "source_end", "color_correction", "effects"}
    if isinstance(source, Mapping) and "File" in source:
        values["source_file"] = source["File"]
        taken.add("source")
    elif "source_file" in clip:
        values["source_file"] = clip["source_file"]
        taken.add("source_file")
    if (duration := _duration(clip)) is not None:
        values["duration"] = duration
    correction = clip.get("color_correction")
    values["effects"] = _list(clip.get("effects")) + _corrections(correction)
    return values | _kept(clip, taken, _rest(correction))


def _duration(clip: Mapping[str, Any]) -> Any:
    """On the timeline by its own times, else by those of the source and the speed."""
    if clip.get("end_time") is not None:
        return _difference(clip["end_time"], clip.get("start_time") or 0, 1)
    if clip.get("source_end") is not None:
        return _difference(clip["source_end"], clip.get("source_start") or 0, clip.get("speed") or 1)
    return None


def _difference(end: Any, start: Any, speed: Any) -> Any:
    try:
        return format_seconds(Fraction(parse_time(end) - parse_time(start), parse_time(speed)))
    except (ValueError, ZeroDivisionError):
        return end  # the parser says what is wrong with it


def _corrections(correction: Any) -> list[dict[str, Any]]:
    if not isinstance(correction, Mapping):
        return []
    return [
        {"effect_type": effect, "parameters": {parameter: correction[name]}}
        for name, (effect, parameter, neutral) in _CORRECTIONS.items()
        if correction.get(name, neutral) != neutral
    ]


def _rest(correction: Any) -> dict[str, Any]:
    """What of a correction no effect does."""
    if not isinstance(correction, Mapping):
        return {}
    rest = {k: v for k, v in correction.items() if k not in _CORRECTIONS and v}
    return {"color_correction": rest} if rest else {}


def _effect(effect: Any) -> Any:
    if not isinstance(effect, Mapping):
        return effect
    parameters = effect.get("parameters")
    if isinstance(parameters, Mapping):
        parameters = {k: _value(v) for k, v in parameters.items()}
    values = _picked(effect, ("id", "enabled", "start_time", "end_time"))
    values["effect_type"] = _name(str(effect.get("effect_type", "")))
    if parameters is not None:
        values["parameters"] = parameters
    return values | _kept(effect, {*values, "parameters"})


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


def _picked(data: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {k: data[k] for k in keys if data.get(k) is not None}


def _kept(data: Mapping[str, Any], taken: set[str], more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Everything that was not taken, where the next save keeps it."""
    rest = {k: v for k, v in data.items() if k not in taken and v not in (None, [], {})}
    rest |= dict(more or {})
    return {"extensions": {"original": rest}} if rest else {}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
