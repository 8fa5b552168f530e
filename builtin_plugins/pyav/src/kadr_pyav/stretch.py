"""Sound at another speed: stretched at the same pitch, or played faster and higher.

Stretching is libavfilter's ``atempo`` (overlap-add of similar pieces). It has no fixed
latency: input and output begin together, and events lie within one of its windows (about
20 ms) of where they belong, without drift. One ``atempo`` takes factors of 0.5 to 2 without
skipping sound, so further ones are chains of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from kadr_sdk.errors import InvalidParameterError

from kadr_pyav.sound import Chain, Samples, resampler

__all__ = ["TAIL", "at_speed"]

TAIL = Fraction(1, 2)
"""Seconds of output that must be fed beyond the last sample wanted, for what is held back."""

_MAX_TERM = 1 << 30


def at_speed(
    pieces: Iterator[Samples], speed: Fraction, keep_pitch: bool, rate: int, layout: str
) -> Iterator[Samples]:
    """Pieces played ``speed`` times as fast; the caller cuts the length it wants.

    Raises:
        InvalidParameterError: a speed that is not above 0 or cannot be carried out.
    """
    if speed <= 0 or max(speed.numerator, speed.denominator) > _MAX_TERM:
        raise InvalidParameterError(f"sound cannot play at speed {speed}", hint="use a decimal above 0")
    if speed == 1:
        return pieces
    if not keep_pitch:
        return resampler(speed.numerator, speed.denominator, layout).run(pieces)
    filters = [("atempo", {"tempo": repr(float(factor))}) for factor in _factors(speed)]
    return Chain(filters, rate, layout).run(pieces)


def _factors(speed: Fraction) -> list[Fraction]:
    """Factors within 0.5 and 2 whose product is the speed."""
    found = []
    while speed > 2:
        found.append(Fraction(2))
        speed /= 2
    while speed < Fraction(1, 2):
        found.append(Fraction(1, 2))
        speed *= 2
    return [*found, speed]
