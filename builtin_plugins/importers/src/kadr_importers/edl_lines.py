"""Lines of a CMX3600 edit decision list as events.

An event line says number, reel, channels, kind of edit and four timecodes: source in and out, record
in and out. What stands below it belongs to it: ``M2`` (speed), ``* FROM CLIP NAME: …`` and so on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from kadr_sdk.errors import Problem
from kadr_sdk.times import parse_time

from kadr_importers.notes import Notes

__all__ = ["Event", "List", "read_list"]

_CODE = r"\d{2}[:;]\d{2}[:;]\d{2}[:;.]\d{2}"
_EVENT = re.compile(rf"(\d{{1,6}})\s+(\S+)\s+(\S+)\s+([A-Z]+\d*)(?:\s+(\d{{1,5}}))?((?:\s+{_CODE}){{4}})\s*")
_SPEED = re.compile(r"M2\s+\S+\s+([+-]?\d{1,4}(?:\.\d{1,4})?)\b.*")
_LABEL = re.compile(r"\*?\s*([A-Z][A-Z0-9 _/-]*)")
_MARK = re.compile(rf"({_CODE})\s+(\S+)\s*(.*)")
_SOUND = re.compile(r"AUD\s+(\d)(?:\s+(\d))?")
_NAMES = {
    "FROM CLIP NAME": "name",
    "TO CLIP NAME": "incoming",
    "SOURCE FILE": "file",
    "FROM FILE": "file",
    "CLIP NAME": "name",
}


@dataclass(slots=True)
class Event:
    """An edit.

    Attributes:
        kind: ``C`` (cut), ``D`` (dissolve), ``W…`` (wipe), ``K…`` (key); frames: of a transition.
        source, record: in and out, seconds.
        texts: ``name`` of the clip, of the ``incoming`` one, ``file``.
        speed: frames per second of the source; None: as it was made.
    """

    line: int
    number: str
    reel: str
    channels: str
    kind: str
    frames: int
    source: tuple[Fraction, Fraction]
    record: tuple[Fraction, Fraction]
    texts: dict[str, str] = field(default_factory=dict)
    speed: Fraction | None = None


@dataclass(slots=True)
class List:
    """A whole list; ``marks`` are time of the record, colour and name."""

    title: str = ""
    fps: Fraction = Fraction(24)
    events: list[Event] = field(default_factory=list)
    marks: list[tuple[Fraction, str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_list(text: str, fps: Fraction | None, notes: Notes) -> List:
    """The events of a list; what breaks rules is among ``problems``."""
    lines = text.splitlines()
    found = List(fps=fps or _guessed(lines, notes))
    drop = False
    for number, line in enumerate(map(str.strip, lines), 1):
        if line.startswith("TITLE:"):
            found.title = line.removeprefix("TITLE:").strip()
        elif line.startswith("FCM:"):
            drop = line.removeprefix("FCM:").strip().startswith("DROP")
        elif match := _EVENT.fullmatch(line):
            _event(found, number, match, drop=drop)
        elif line:
            _remark(found, number, line, notes, drop=drop)
    return found


def _guessed(lines: list[str], notes: Notes) -> Fraction:
    """From what the list counts to: its rate stands nowhere in it."""
    codes = [code for line in lines if _EVENT.fullmatch(line.strip()) for code in re.findall(_CODE, line)]
    drop = any(line.strip().startswith("FCM: DROP") for line in lines) or any(";" in c for c in codes)
    most = max((int(code[-2:]) for code in codes), default=0)
    if drop:
        rate = Fraction(60000, 1001) if most > 29 else Fraction(30000, 1001)
    else:
        rate = next(Fraction(r) for r in (24, 25, 30, 50, 60, 100) if most < r)
    notes.add("assumed", "", f"{float(rate):g} frames per second, which the list does not say; see --fps")
    return rate


def _event(found: List, number: int, match: re.Match[str], *, drop: bool) -> None:
    try:
        times = [_seconds(code, found.fps, drop=drop) for code in match[6].split()]
    except ValueError as error:
        hint = "give the rate of the list: --fps"
        found.problems.append(Problem(f"line {number}", str(error), hint))
        return
    if times[3] < times[2] or times[1] < times[0]:
        found.problems.append(Problem(f"line {number}", "it ends before it begins"))
        return
    found.events.append(
        Event(
            number, match[1], match[2], match[3].upper(), match[4], int(match[5] or 0),
            (times[0], times[1]), (times[2], times[3]),
        )
    )  # fmt: skip


def _seconds(code: str, fps: Fraction, *, drop: bool) -> Fraction:
    plain = re.sub("[;.]", ":", code)
    dropped = (drop or ";" in code) and fps.denominator == 1001 and fps > 24
    return parse_time(f"{plain[:8]};{plain[9:]}" if dropped else plain, fps)


def _remark(found: List, number: int, line: str, notes: Notes, *, drop: bool) -> None:
    event = found.events[-1] if found.events else None
    if (match := _SPEED.fullmatch(line)) and event is not None:
        event.speed = Fraction(match[1])
    elif remark := _labelled(line):
        label, text = remark
        if label == "LOC" and (mark := _MARK.fullmatch(text)):
            _mark(found, number, mark, notes, drop=drop)
        elif label in _NAMES and event is not None:
            event.texts[_NAMES[label]] = text
        elif "EFFECT" in label:
            notes.add("lost", f"line {number}", f"the effect {text!r}")
    elif (match := _SOUND.fullmatch(line)) and event is not None:
        event.channels += "".join(f"/A{channel}" for channel in match.groups() if channel)
    elif not line.startswith(("*", ">", "SPLIT:", "M2", "EFFECTS NAME IS")):
        notes.add("lost", f"line {number}", f"not understood: {line}")


def _labelled(line: str) -> tuple[str, str] | None:
    """``* LABEL: text`` in two; the line is cut first, so that a long one costs no more than its length."""
    label, colon, text = line.partition(":")
    match = _LABEL.fullmatch(label.rstrip()) if colon else None
    return (match[1], text.strip()) if match else None


def _mark(found: List, number: int, mark: re.Match[str], notes: Notes, *, drop: bool) -> None:
    try:
        found.marks.append((_seconds(mark[1], found.fps, drop=drop), mark[2].lower(), mark[3].strip()))
    except ValueError as error:
        notes.add("lost", f"line {number}", f"a marker: {error}")
