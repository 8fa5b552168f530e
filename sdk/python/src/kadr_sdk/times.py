"""Exact time: rational seconds, rational rates, integer frames and samples, timecode.

A time is a :class:`fractions.Fraction` of seconds and a rate a Fraction of frames per
second. Floats appear only where a person wrote one: ``2.1`` means the decimal 21/10.

Timecode with drop frame follows SMPTE ST 12-1: at 29.97 the labels ;00 and ;01 are left
out in every minute not divisible by ten (at 59.94: ;00 to ;03).
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from kadr_sdk.text import shown

__all__ = [
    "MAX_SECONDS",
    "format_seconds",
    "format_timecode",
    "frame_at",
    "parse_rate",
    "parse_time",
    "sample_at",
]

MAX_SECONDS = 7 * 24 * 3600
"""The longest timeline or position accepted: a week. More is taken for a mistake."""

_TIMECODE = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)([:;])(\d{2,3})", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):([0-5]\d(?:\.\d{1,40})?)", re.ASCII)
_RATIONAL = re.compile(r"([+-]?\d{1,100})/(\d{1,100})", re.ASCII)
_MAX_DIGITS = 40  # of a decimal as text; more is an attack, not a time

_NTSC = {
    "23.976": Fraction(24000, 1001),
    "23.98": Fraction(24000, 1001),
    "29.97": Fraction(30000, 1001),
    "47.952": Fraction(48000, 1001),
    "59.94": Fraction(60000, 1001),
    "119.88": Fraction(120000, 1001),
}


def _number(value: object) -> Fraction:
    """The exact value of a number or of its text (decimal or ``n/d``)."""
    if isinstance(value, bool):
        raise ValueError("a number is expected, not true or false")
    if isinstance(value, int | Fraction):
        return Fraction(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a finite number")
        value = repr(value)
    if isinstance(value, Decimal):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a number")
    text = value.strip()
    rational = _RATIONAL.fullmatch(text)
    if len(text) > _MAX_DIGITS and not rational:
        raise ValueError(f"{shown(value)} is not a number")
    try:
        if rational:
            return Fraction(int(rational[1]), int(rational[2]))
        decimal = Decimal(text)
        if not decimal.is_finite() or abs(decimal.adjusted()) > _MAX_DIGITS:
            raise ValueError(f"{text!r} is not a finite number")
        return Fraction(decimal)
    except (InvalidOperation, ZeroDivisionError, ValueError) as error:
        raise ValueError(f"{text!r} is not a number") from error


def parse_rate(value: object) -> Fraction:
    """A frame rate: ``25``, ``29.97`` (read as 30000/1001), ``"30000/1001"``.

    Raises:
        ValueError: not a number, or not within (0, 1000].
    """
    text = str(value).strip() if isinstance(value, str | float) else ""
    rate = (_NTSC.get(text) or _number(value)).limit_denominator(100_000)
    if not 0 < rate <= 1000:
        raise ValueError(f"a frame rate lies above 0 and at most at 1000, not at {shown(value)}")
    return rate


def parse_time(value: object, fps: Fraction | None = None) -> Fraction:
    """Seconds, exactly.

    Accepts a number (as the decimal it is written as), ``"1001/30000"``, ``"5.4s"``,
    a clock ``"1:02.5"`` or ``"1:00:02.5"``, or with ``fps`` a timecode ``"00:00:05:12"``
    (``;`` before the frames: drop frame).

    Raises:
        ValueError: not a time, or longer than a week.
    """
    seconds = _parse_time(value, fps)
    if not -MAX_SECONDS <= seconds <= MAX_SECONDS:
        raise ValueError(f"{shown(value)} is longer than a week")
    return seconds


def _parse_time(value: object, fps: Fraction | None) -> Fraction:
    if not isinstance(value, str):
        return _number(value)
    text = value.strip()
    code = _TIMECODE.fullmatch(text)
    if code:
        if fps is None:
            raise ValueError(f"the timecode {text!r} needs a frame rate")
        hours, minutes, seconds, frames = (int(code[i]) for i in (1, 2, 3, 5))
        return _timecode(hours, minutes, seconds, frames, code[4] == ";", fps)
    clock = _CLOCK.fullmatch(text)
    if clock:
        return int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + Fraction(clock[3])
    return _number(text.removesuffix("s"))


def _timecode(hours: int, minutes: int, seconds: int, frames: int, drop: bool, fps: Fraction) -> Fraction:
    nominal = math.ceil(fps)
    if frames >= nominal:
        raise ValueError(f"frame {frames} of a timecode at {fps} frames per second")
    total_minutes = hours * 60 + minutes
    number = (total_minutes * 60 + seconds) * nominal + frames
    if drop:
        dropped = _dropped_per_minute(fps)
        if seconds == 0 and frames < dropped and minutes % 10:
            raise ValueError(f"the label {minutes:02}:{seconds:02};{frames:02} does not exist in drop frame")
        number -= dropped * (total_minutes - total_minutes // 10)
    return number / fps


def _dropped_per_minute(fps: Fraction) -> int:
    nominal = math.ceil(fps)
    if fps.denominator != 1001 or nominal % 30:
        raise ValueError(f"drop frame is for 29.97 and its multiples, not for {fps}")
    return nominal // 15


def format_timecode(frame: int, fps: Fraction, *, drop: bool | None = None) -> str:
    """The label of a frame, ``hh:mm:ss:ff``; drop frame by default where the rate has it."""
    nominal = math.ceil(fps)
    if drop is None:
        drop = fps.denominator == 1001 and nominal % 30 == 0
    if drop:
        dropped = _dropped_per_minute(fps)
        per_minute = nominal * 60 - dropped
        per_ten = per_minute * 10 + dropped
        tens, rest = divmod(frame, per_ten)
        frame += dropped * 9 * tens
        if rest >= nominal * 60:
            frame += dropped * ((rest - nominal * 60) // per_minute + 1)
    seconds, frames = divmod(frame, nominal)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{';' if drop else ':'}{frames:02}"


def format_seconds(seconds: Fraction) -> int | float | str:
    """The shortest exact JSON form: an int, a decimal of at most 9 places, or ``"n/d"``."""
    if seconds.denominator == 1:
        return seconds.numerator
    decimal = float(seconds)
    if Fraction(repr(decimal)) == seconds and len(repr(decimal).partition(".")[2]) <= 9:
        return decimal
    return f"{seconds.numerator}/{seconds.denominator}"


def frame_at(seconds: Fraction, fps: Fraction) -> int:
    """The nearest frame, half up."""
    return _half_up(seconds.numerator * fps.numerator, seconds.denominator * fps.denominator)


def sample_at(seconds: Fraction, rate: int) -> int:
    """The nearest sample, half up."""
    return _half_up(seconds.numerator * rate, seconds.denominator)


def _half_up(over: int, under: int) -> int:
    return (2 * over + under) // (2 * under)  # whole numbers: a large timeline asks this very often
