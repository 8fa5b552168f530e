"""What a platform asks of a file, and whether one complies, from the facts of a check.

A preset states it as ``limits``; it is checked on the finished file, not on what was asked of
the encoder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from typing import Any

from kadr_sdk.errors import did_you_mean

__all__ = ["Limits", "Rule", "comply", "plain_name"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What is asked; None and empty: anything goes.

    Attributes:
        video_codec, profile, pixel_format, audio_codec, channels, sample_rate: one of these.
        max_level: of the codec, ``4.1``.
        resolution: width and height; ``max_resolution``: neither side is longer, whichever way
            up; ``aspect``: ``9:16``.
        max_fps: frames per second.
        video_bitrate, audio_bitrate: least and most bits per second on average.
        max_seconds, max_bytes: of the file.
        loudness: LUFS and how far from it; max_true_peak: dBTP.
    """

    video_codec: tuple[str, ...] = ()
    profile: tuple[str, ...] = ()
    max_level: str | None = None
    pixel_format: tuple[str, ...] = ()
    resolution: tuple[int, int] | None = None
    max_resolution: tuple[int, int] | None = None
    aspect: str | None = None
    max_fps: str | None = None
    video_bitrate: tuple[int, int] | None = None
    audio_codec: tuple[str, ...] = ()
    sample_rate: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()
    audio_bitrate: tuple[int, int] | None = None
    max_seconds: float | None = None
    max_bytes: int | None = None
    loudness: tuple[float, float] | None = None
    max_true_peak: float | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Limits:
        """From a descriptor.

        Raises:
            ValueError: a key is unknown.
        """
        known = {f.name for f in fields(cls)}
        for key in data:
            if key not in known:
                raise ValueError(f"unknown limit {key!r}; {did_you_mean(key, known)}")
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing asked: what was found, and whether that is good."""

    name: str
    wanted: str
    found: str
    good: bool

    def __str__(self) -> str:
        return f"{self.name} is {self.found}, {self.wanted} is asked"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def plain_name(text: str) -> str:
    """A profile's name as it is written in settings: ``High 4:2:2`` is ``high422``."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def comply(limits: Limits, facts: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Every rule that the limits state.

    Args:
        facts: of a :class:`~kadr_sdk.reports.CheckReport`; what a rule asks and they do not
            hold counts as not found, so not good.
    """
    return tuple(
        rule
        for limit in fields(limits)
        if (wanted := getattr(limits, limit.name)) not in (None, ())
        for rule in [_RULES[limit.name](limit.name.replace("_", " "), wanted, _Facts(facts))]
    )


class _Facts:
    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = facts

    def get(self, *path: str) -> Any:
        found: Any = self._facts
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found


_Check = Callable[[str, Any, _Facts], Rule]


def _one_of(*path: str, plain: bool = False) -> _Check:
    def check(name: str, wanted: tuple[Any, ...], facts: _Facts) -> Rule:
        found = facts.get(*path)
        value = plain_name(str(found)) if plain else found
        return Rule(name, " or ".join(map(str, wanted)), _said(found), value in wanted)

    return check


def _at_most(*path: str, unit: str = "") -> _Check:
    def check(name: str, wanted: Any, facts: _Facts) -> Rule:
        found = facts.get(*path)
        good = found is not None and Fraction(str(found)) <= Fraction(str(wanted))
        shown = f"{float(Fraction(str(found))):g}{unit}" if found is not None else _said(None)
        return Rule(name.removeprefix("max "), f"at most {wanted}{unit}", shown, good)

    return check


def _between(*path: str) -> _Check:
    def check(name: str, wanted: tuple[int, int], facts: _Facts) -> Rule:
        found = facts.get(*path)
        asked = f"{wanted[0] // 1000} to {wanted[1] // 1000} kbit/s"
        shown = f"{found // 1000} kbit/s" if found is not None else _said(None)
        return Rule(name, asked, shown, found is not None and wanted[0] <= found <= wanted[1])

    return check


def _size(fits: Callable[[tuple[int, int], Any], bool], words: str) -> _Check:
    def check(name: str, wanted: Any, facts: _Facts) -> Rule:
        found = (facts.get("video", "width"), facts.get("video", "height"))
        asked = wanted if isinstance(wanted, str) else f"{wanted[0]}x{wanted[1]}"
        if None in found:
            return Rule(name, words + asked, _said(None), good=False)
        shown = f"{found[0]}x{found[1]}"
        return Rule(name.removeprefix("max "), words + asked, shown, fits(found, wanted))

    return check


def _inside(found: tuple[int, int], wanted: tuple[int, int]) -> bool:
    return max(found) <= max(wanted) and min(found) <= min(wanted)


def _shaped(found: tuple[int, int], wanted: str) -> bool:
    across, down = map(int, wanted.split(":"))
    return found[0] * down == found[1] * across


def _loud(name: str, wanted: tuple[float, float], facts: _Facts) -> Rule:
    found = facts.get("loudness", "integrated")
    good = found is not None and abs(found - wanted[0]) <= wanted[1]
    shown = f"{found:.1f} LUFS" if found is not None else _said(None)
    return Rule(name, f"{wanted[0]:g} LUFS within {wanted[1]:g}", shown, good)


def _said(found: object) -> str:
    return "not found" if found is None else str(found)


_RULES: dict[str, _Check] = {
    "video_codec": _one_of("video", "codec"),
    "profile": _one_of("video", "profile", plain=True),
    "max_level": _at_most("video", "level"),
    "pixel_format": _one_of("video", "pixel_format"),
    "resolution": _size(lambda found, wanted: found == tuple(wanted), ""),
    "max_resolution": _size(_inside, "at most "),
    "aspect": _size(_shaped, ""),
    "max_fps": _at_most("video", "rate", unit=" fps"),
    "video_bitrate": _between("video", "bitrate"),
    "audio_codec": _one_of("audio", "codec"),
    "sample_rate": _one_of("audio", "sample_rate"),
    "channels": _one_of("audio", "channels"),
    "audio_bitrate": _between("audio", "bitrate"),
    "max_seconds": _at_most("seconds", unit=" s"),
    "max_bytes": _at_most("bytes", unit=" bytes"),
    "loudness": _loud,
    "max_true_peak": _at_most("loudness", "true_peak", unit=" dBTP"),
}
