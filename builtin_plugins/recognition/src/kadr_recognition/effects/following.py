"""What effects over detections have in common: the document, and whether it fits the clip."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from kadr_sdk.effects import FrameCall, SourceUse
from kadr_sdk.errors import (
    InvalidParameterError,
    KadrError,
    MediaFileError,
    SerializationError,
    did_you_mean,
)
from kadr_sdk.frames import pixel_format
from kadr_sdk.text import shown

from kadr_recognition.document import Results
from kadr_recognition.effects.sightings import Box, Sightings, Spot

__all__ = ["Following", "Region", "black", "names_of", "read_results", "told_view"]

_KEPT = 8
_MOST_BYTES = 1 << 30
Region = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels of a frame; may reach beyond it."""


def read_results(path: Path) -> Results:
    """The document of a file.

    Raises:
        MediaFileError: it cannot be read.
        SerializationError: it is no document of detections; says why.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SerializationError("a document of detections above 1 GiB is not read", path=path)
        data = path.read_bytes()
    except OSError as error:
        raise MediaFileError(f"cannot be read: {error.strerror or error}", path=path) from error
    try:
        return Results.from_bytes(data)
    except SerializationError as error:
        hint = "make it: kadr recognize FILM --track -o FILE.json"
        raise SerializationError(error.message, path=path, hint=hint) from error


class Following:
    """Base of effects whose parameter ``detections`` names a document. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[object, Sightings] = OrderedDict()

    def check(self, values: Mapping[str, Any]) -> None:
        """Read the document and compare the classes.

        Raises:
            KadrError: it is none, or does not hold what is asked for.
        """
        names_of(str(values["classes"]), self.sightings(values).found)

    def check_source(self, values: Mapping[str, Any], source: SourceUse) -> None:
        """The document is of this media, and was looked at closely enough where the clip shows it.

        Raises:
            InvalidParameterError: it is not.
        """
        sightings = self.sightings(values)
        _check_media(sightings.found, source)
        start, length = sightings.gap(source.first, source.last)
        if length > Fraction(repr(values["max_gap"])):
            raise InvalidParameterError(
                f"nobody looked at the media for {float(length):.2f} s from {float(start):.2f} s on",
                path="detections",
                hint="look more often (kadr recognize without --every), or raise max_gap",
            )

    def sightings(self, values: Mapping[str, Any]) -> Sightings:
        """The document of this version of the file; the last few are kept."""
        path = Path(values["detections"])
        try:
            stat = path.stat()
        except OSError as error:
            raise MediaFileError(f"cannot be read: {error.strerror or error}", path=path) from error
        key = (path, stat.st_size, stat.st_mtime_ns, stat.st_ino)
        with self._lock:
            if key not in self._known:
                self._known[key] = Sightings(read_results(path))
            self._known.move_to_end(key)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
            return self._known[key]

    def spots(self, call: FrameCall) -> list[tuple[Spot, Region]]:
        """What is in the picture of a call, and where in its pixels.

        Raises:
            KadrError: the host says nothing of the source, or the document is gone.
        """
        values, view = call.values, told_view(call)
        sightings = self.sightings(values)
        names = names_of(str(values["classes"]), sightings.found)
        hold, least = Fraction(repr(values["hold"])), float(values["threshold"])
        found = sightings.at(values["source_time"], hold, names, least)
        return [(spot, _region(spot.box, view, call)) for spot in found]


def told_view(call: FrameCall) -> tuple[float, float, float, float]:
    """Left, top, width and height of what the frame shows, in parts of the upright picture.

    Raises:
        InvalidParameterError: the host says nothing of the source.
    """
    if "source_time" not in call.values or "source_view" not in call.values:
        raise InvalidParameterError("the host does not say what the frame shows", path="source_time")
    left, top, width, height = call.values["source_view"]
    return left, top, width, height


def black(call: FrameCall, *, chroma: bool) -> int:
    """The code of black in a plane of a call's frame."""
    depth = pixel_format(call.format).depth
    if chroma:
        return 1 << (depth - 1)
    return 0 if call.color.range == "pc" else 16 << (depth - 8)


def names_of(text: str, found: Results) -> frozenset[str]:
    """Classes of a list; none: all of them.

    Raises:
        InvalidParameterError: the model does not know it, or the document leaves it out.
    """
    known, held = found.model.get("classes") or (), found.settings.get("classes") or ()
    known = known or {r.what.name for r in found.rows}
    spelled = {str(name).lower(): str(name) for name in known}
    names = set()
    for name in filter(None, (part.strip().lower() for part in text.split(","))):
        if name not in spelled:
            hint = did_you_mean(name, sorted(spelled))
            model = found.model.get("id", "?")
            raise InvalidParameterError(
                f"the model {model!r} knows no class {shown(name)}", path="classes", hint=hint
            )
        if held and spelled[name] not in held:
            raise InvalidParameterError(
                f"the document was made without the class {shown(name)}",
                path="classes",
                hint=f"it holds: {', '.join(held)}; make it anew without --classes",
            )
        names.add(spelled[name])
    return frozenset(names)


def _check_media(found: Results, source: SourceUse) -> None:
    error: KadrError | None = None
    if found.media.get("digest") != source.digest:
        error = InvalidParameterError(
            f"the document is of other media: {shown(found.media.get('name'))}",
            path="detections",
            hint=f"make it of {Path(source.file).name}: kadr recognize",
        )
    elif found.media.get("stream") != source.stream:
        error = InvalidParameterError(
            f"the document is of stream {found.media.get('stream')}, the clip shows {source.stream}",
            path="detections",
            hint="make it anew, or choose that stream for the clip",
        )
    if error is not None:
        raise error


def _region(box: Box, view: tuple[float, float, float, float], call: FrameCall) -> Region:
    """From parts of the upright picture to pixels of what the crop leaves of it."""
    left, top, width, height = view
    across, down = call.width / width, call.height / height
    x, y = (box[0] - left) * across, (box[1] - top) * down
    left, top, right, bottom = (round(v, 6) for v in (x, y, x + box[2] * across, y + box[3] * down))
    return left, top, right, bottom
