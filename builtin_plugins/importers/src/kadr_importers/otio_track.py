"""Tracks of an OTIO timeline: what follows each other becomes clips at their times.

In OTIO a track is a row of clips, gaps and nested compositions without times of their own, with
transitions between them; ``in_offset`` and ``out_offset`` say how far a transition reaches before
and behind the cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from kadr_sdk.importing import TIMECODED
from kadr_sdk.times import format_seconds

from kadr_importers.notes import Notes
from kadr_importers.otio_data import Item, Range
from kadr_importers.otio_media import media_of

__all__ = ["Names", "TrackReader", "trimmed"]

_ZERO = Fraction(0)
_FAR = float("inf")  # what JSON makes of 1e999
_SPEEDS = Fraction(1, 100), Fraction(100)
_TIME_EFFECTS = ("LinearTimeWarp", "FreezeFrame", "TimeEffect")


class Names:
    """Ids that are used once."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._next: dict[str, int] = {}

    def new(self, wanted: str) -> str:
        """The name, or with a number behind it."""
        base = "".join(c for c in wanted if c.isprintable()).strip()[:100] or "clip"
        name, number = base, self._next.get(base, 2)
        while name in self._used:
            name, number = f"{base} {number}", number + 1
        self._used.add(name)
        self._next[base] = number  # thousands of clips of one name do not try the same numbers again
        return name


@dataclass(slots=True)
class _Piece:
    """A clip on its way: times in seconds, ``speed`` source seconds for each of the timeline."""

    item: Item
    start: Fraction
    duration: Fraction
    source: Fraction = _ZERO
    speed: Fraction = Fraction(1)
    fields: dict[str, Any] = field(default_factory=dict)
    fades: list[tuple[str, Fraction]] = field(default_factory=list)


def trimmed(item: Item) -> Range:
    """What a thing takes of its track, in its own time.

    Raises:
        SerializationError: it does not say.
    """
    found = item.range("source_range")
    if found is not None:
        return found
    if item.schema in ("Track", "Stack"):
        inner = [trimmed(child) for child in item.children() if child.schema != "Transition"]
        lengths = [one.duration for one in inner]
        total = sum(lengths, _ZERO) if item.schema == "Track" else max(lengths, default=_ZERO)
        return Range(_ZERO, total, inner[0].rate if inner else Fraction(24))
    many = item.get("media_references")
    key = str(item.data.get("active_media_reference_key", "DEFAULT_MEDIA"))
    reference = many.get(key) if many is not None else item.get("media_reference")
    available = reference.range("available_range") if reference is not None else None
    if available is None:
        raise item.wrong("neither a source_range nor the available_range of its media says how long it is")
    return available


class TrackReader:
    """Reads one track.

    Args:
        nest: makes a sequence of a nested composition; gives its id.
        marker: takes a marker and what is to be added to its time.
        silent: sound of pictures is on tracks of its own.
    """

    def __init__(
        self,
        notes: Notes,
        nest: Callable[[Item], str],
        marker: Callable[[Item, Fraction], None],
        *,
        silent: bool,
    ) -> None:
        self._notes = notes
        self._nest = nest
        self._marker = marker
        self._silent = silent
        self._names = Names()
        self._timecoded: set[str] = set()

    def read(self, track: Item, kind: str) -> dict[str, Any]:
        """``clips`` and ``transitions`` of the project's track."""
        rows = list(self._row(track, kind))
        joints: list[tuple[_Piece, _Piece, dict[str, Any]]] = []
        for number, (item, piece) in enumerate(rows):
            if item.schema == "Transition":
                before = rows[number - 1][1] if number else None
                after = rows[number + 1][1] if number + 1 < len(rows) else None
                if (joint := self._transition(item, before, after, kind)) is not None:
                    joints.append(joint)
            elif piece is not None:
                piece.fields["id"] = self._names.new(item.name or item.schema.lower())
        clips = [self._clip(piece, kind) for _, piece in rows if piece is not None]
        transitions = [{"between": [a.fields["id"], b.fields["id"]]} | use for a, b, use in joints]
        self._notes.kept["clips"] += len(clips)
        self._notes.kept["transitions"] += len(transitions)
        return {"clips": clips, "transitions": transitions}

    # -- the row ---------------------------------------------------------------------------------

    def _row(self, track: Item, kind: str) -> Iterator[tuple[Item, _Piece | None]]:
        at = _ZERO
        for item in track.children():
            if item.schema == "Transition":
                yield item, None
                continue
            taken = trimmed(item)
            yield item, self._piece(item, taken, at, kind)
            for mark in item.children("markers"):
                self._marker(mark, at - taken.start)
            at += taken.duration

    def _piece(self, item: Item, taken: Range, at: Fraction, kind: str) -> _Piece | None:
        if item.schema == "Gap" or not taken.duration:
            return None
        if item.data.get("enabled") is False:
            self._notes.add("lost", item.where, f"{item.name!r} is switched off and left out")
            return None
        piece = _Piece(item, at, taken.duration)
        if item.schema in ("Stack", "Track"):
            piece.source, piece.fields["sequence"] = max(taken.start, _ZERO), self._nest(item)
            self._notes.kept["nested sequences"] += 1
        elif item.schema == "Clip":
            media = media_of(item, self._notes)
            if media is None:
                return None
            piece.fields |= media.fields
            piece.source = self._source_start(item, taken, media.available)
        else:
            self._notes.add("lost", item.where, f"things of the kind {item.schema} are not known")
            return None
        self._effects(piece)
        if kind == "video" and self._silent:
            piece.fields["muted"] = True
        return piece

    def _source_start(self, item: Item, taken: Range, available: Range | None) -> Fraction:
        start = taken.start - (available.start if available is not None else _ZERO)
        if available is None and start:
            self._timecoded.add(item.where)
        if start < 0:
            self._notes.add("changed", item.where, "it begins before its media does; it shows the beginning")
            start = _ZERO
        return start

    def _effects(self, piece: _Piece) -> None:
        for effect in piece.item.children("effects"):
            if effect.schema in _TIME_EFFECTS:
                self._time_effect(piece, effect)
            else:
                name = effect.data.get("effect_name") or effect.name or effect.schema
                self._notes.add("lost", effect.where, f"the effect {name!r}")

    def _time_effect(self, piece: _Piece, effect: Item) -> None:
        given = effect.data.get("time_scalar", 0 if effect.schema == "FreezeFrame" else 1)
        if isinstance(given, bool) or not isinstance(given, int | float) or given in (_FAR, -_FAR):
            raise effect.wrong("time_scalar: a number is expected")
        if not given:
            piece.fields["freeze"] = format_seconds(piece.source)
            return
        speed = piece.speed * abs(Fraction(repr(given)))
        if not _SPEEDS[0] <= speed <= _SPEEDS[1]:
            self._notes.add("lost", effect.where, f"a speed of {given}, which is beyond 0.01 to 100")
            return
        piece.speed = speed
        if given < 0:
            piece.fields["reversed"] = not piece.fields.get("reversed", False)
            self._notes.add("changed", effect.where, "it plays the same stretch of its media backwards")

    # -- transitions -----------------------------------------------------------------------------

    def _transition(
        self, item: Item, before: _Piece | None, after: _Piece | None, kind: str
    ) -> tuple[_Piece, _Piece, dict[str, Any]] | None:
        ahead, behind = item.time("in_offset"), item.time("out_offset")
        early, late = ahead[0] if ahead else _ZERO, behind[0] if behind else _ZERO
        if early < 0 or late < 0:
            raise item.wrong("a transition's offsets are not negative")
        if not early + late or (before is None and after is None):
            self._notes.add("lost", item.where, "a transition between nothing and nothing")
            return None
        if item.data.get("transition_type") != "SMPTE_Dissolve":
            name = item.data.get("transition_type") or item.name
            self._notes.add("changed", item.where, f"the transition {name!r} is a dissolve here")
        if before is None or after is None:
            self._fade(before, after, early, late)
            return None
        return self._joint(item, before, after, early, late, kind)

    def _fade(self, before: _Piece | None, after: _Piece | None, early: Fraction, late: Fraction) -> None:
        """From or to nothing: the clip reaches as far into the gap as the transition does."""
        if after is not None:
            after.fades.append(("in", self._earlier(after, early) + late))
        elif before is not None:
            before.duration += late
            before.fades.append(("out", early + late))
        self._notes.kept["fades"] += 1

    def _joint(
        self, item: Item, before: _Piece, after: _Piece, early: Fraction, late: Fraction, kind: str
    ) -> tuple[_Piece, _Piece, dict[str, Any]]:
        use: dict[str, Any] = {"transition_type": "dissolve"}
        sides = {(True, False): "end", (False, True): "start"}
        if early == late or not early or not late:
            alignment = sides.get((bool(early), bool(late)), "center")
            return before, after, use | {"duration": format_seconds(early + late), "alignment": alignment}
        if kind == "audio" or self._earlier(after, early) != early:
            self._notes.add("changed", item.where, "the transition stands around the cut")
            return before, after, use | {"duration": format_seconds(2 * min(early, late))}
        before.duration += late
        return before, after, use

    def _earlier(self, piece: _Piece, by: Fraction) -> Fraction:
        """Begin earlier, as far as there is media; by how much."""
        by = min(by, piece.start)
        if "freeze" not in piece.fields:
            by = min(by, piece.source / piece.speed)
            piece.source -= by * piece.speed
        piece.start -= by
        piece.duration += by
        return by

    # -- the clip of the project -----------------------------------------------------------------

    def _clip(self, piece: _Piece, kind: str) -> dict[str, Any]:
        clip = {
            "start_time": format_seconds(piece.start),
            "duration": format_seconds(piece.duration),
            "source_start": format_seconds(piece.source),
        } | piece.fields
        if piece.speed != 1:
            clip["speed"] = float(piece.speed)
        if kind == "audio":
            clip |= {f"fade_{way}": format_seconds(length) for way, length in piece.fades}
        elif piece.fades:
            clip["opacity"] = {"keyframes": _opacity(piece)}
        extensions: dict[str, Any] = {TIMECODED: True} if piece.item.where in self._timecoded else {}
        if metadata := piece.item.data.get("metadata"):
            extensions["otio"] = metadata
        if extensions:
            clip["extensions"] = extensions
        return clip


def _opacity(piece: _Piece) -> list[dict[str, Any]]:
    """Straight from 0 and to 0; where two fades would cross, they meet."""
    lengths = dict(piece.fades)
    rise, fall = lengths.get("in", _ZERO), lengths.get("out", _ZERO)
    if rise + fall > piece.duration:
        rise, fall = (length * piece.duration / (rise + fall) for length in (rise, fall))
    rows = [(_ZERO, 0.0), (rise, 1.0)] if rise else []
    rows += [(piece.duration - fall, 1.0), (piece.duration, 0.0)] if fall else []
    found: dict[Fraction, float] = dict(rows)
    return [{"time": format_seconds(time), "value": value} for time, value in found.items()]
