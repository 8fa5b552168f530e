"""Media of an OTIO clip: a file, numbered pictures, or nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from urllib.parse import unquote, urlsplit

from kadr_sdk.times import format_seconds, parse_rate

from kadr_importers.notes import Notes
from kadr_importers.otio_data import Item, Range

__all__ = ["Media", "media_of", "path_of"]

_GENERATORS = {"SMPTEBars": "bars", "black": "color", "Black": "color"}
_ENDING = re.compile(r".+\.[A-Za-z0-9]{2,5}")


@dataclass(frozen=True, slots=True)
class Media:
    """What a clip shows.

    Attributes:
        fields: of the clip in the project.
        available: where in its own time the media lies; None: not said.
    """

    fields: dict[str, Any]
    available: Range | None


def media_of(clip: Item, notes: Notes) -> Media | None:
    """The media of a clip; None, with a note, where it has none that can be shown."""
    reference = _reference(clip)
    if reference is None or reference.schema == "MissingReference":
        available = reference.range("available_range") if reference else None
        return _by_name(clip, available, notes)
    available = reference.range("available_range")
    if reference.schema == "ExternalReference":
        path = path_of(reference.data.get("target_url"))
        if path:
            return Media({"source_file": path}, available)
        notes.add("lost", clip.where, f"its media {reference.data.get('target_url')!r} is no file")
        return None
    if reference.schema == "ImageSequenceReference":
        return _pictures(clip, reference, available, notes)
    kind = reference.data.get("generator_kind")
    if reference.schema == "GeneratorReference" and kind in _GENERATORS:
        return Media({"generator": {"type": _GENERATORS[kind]}}, available)
    notes.add("lost", clip.where, f"media of the kind {reference.schema} cannot be shown")
    return None


def _reference(clip: Item) -> Item | None:
    many = clip.get("media_references")  # Clip.2 has several, and the name of the one in use
    if many is None:
        return clip.get("media_reference")
    return many.get(str(clip.data.get("active_media_reference_key", "DEFAULT_MEDIA")))


def _by_name(clip: Item, available: Range | None, notes: Notes) -> Media | None:
    if _ENDING.fullmatch(clip.name):
        notes.add("assumed", clip.where, f"it names no media; the file {clip.name!r} is looked for")
        return Media({"source_file": clip.name}, available)
    notes.add("lost", clip.where, f"the clip {clip.name!r} has no media; a gap stands in its place")
    return None


def path_of(url: object) -> str:
    """The path in a ``file://`` address or a plain path; empty where it is neither."""
    if not isinstance(url, str) or not url or "\0" in url:
        return ""
    if re.match(r"[A-Za-z]:[\\/]", url):  # a path of Windows, not a scheme
        return url
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that are no address
        return ""
    if parts.scheme == "file":
        path = unquote(parts.path)
        if "\0" in path:
            return ""
        if parts.netloc not in ("", "localhost"):
            return f"//{parts.netloc}{path}"
        return path[1:] if re.match(r"/[A-Za-z]:[\\/]", path) else path
    return "" if parts.scheme else url


def _pictures(clip: Item, reference: Item, available: Range | None, notes: Notes) -> Media | None:
    data = reference.data
    base, prefix = path_of(data.get("target_url_base")), data.get("name_prefix", "")
    suffix, padding = data.get("name_suffix", ""), data.get("frame_zero_padding", 0)
    plain = all(isinstance(t, str) for t in (prefix, suffix)) and isinstance(padding, int)
    if not base or not plain or data.get("frame_step", 1) != 1:
        notes.add("lost", clip.where, "its numbered pictures cannot be shown")
        return None
    name = f"{prefix.replace('%', '%%')}%{f'0{padding}' if padding else ''}d{suffix.replace('%', '%%')}"
    fields: dict[str, Any] = {"source_file": f"{base.rstrip('/')}/{name}"}
    if (rate := _rate(data.get("rate"))) is not None:
        fields["source_rate"] = format_seconds(rate)
    return Media(fields, available)


def _rate(given: object) -> Fraction | None:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    try:
        return parse_rate(float(given))
    except (ValueError, OverflowError):
        return None
