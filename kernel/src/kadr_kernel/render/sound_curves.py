"""Envelopes of the sound: values over time as ramps in samples."""

from __future__ import annotations

from fractions import Fraction

from kadr_sdk.curves import Curve, sample, value_at
from kadr_sdk.plan import Ramp
from kadr_sdk.times import sample_at

__all__ = ["added", "ramps"]


def added(a: tuple[Ramp, ...], b: tuple[Ramp, ...], count: int) -> tuple[Ramp, ...]:
    """Two balances added and clipped to -1..1, on all edges of both."""
    points = sorted({0, count} | {p for r in a + b for p in (r.start, r.stop) if 0 < p < count})
    values = [max(-1.0, min(1.0, _at(a, p) + _at(b, p))) for p in points]
    return tuple(Ramp(p, q, v, w) for p, q, v, w in zip(points, points[1:], values, values[1:], strict=False))


def _at(envelope: tuple[Ramp, ...], sample_number: int) -> float:
    for ramp in envelope:
        if sample_number <= ramp.stop:
            span = ramp.stop - ramp.start
            done = (sample_number - ramp.start) / span if span else 1.0
            return ramp.a + (ramp.b - ramp.a) * min(max(done, 0.0), 1.0)
    return envelope[-1].b


def ramps(
    value: float | Curve, fps: Fraction, rate: int, offset: int, start: int, end: int
) -> tuple[Ramp, ...]:
    """A number over the samples of a clip; a curve as straight ramps from frame to frame.

    Args:
        offset: samples from the curve's time 0 to ``start``.
    """
    count = end - start
    if not isinstance(value, Curve):
        return (Ramp(0, count, float(value), float(value)),)
    first = int(Fraction(offset, rate) * fps)
    frames = int(Fraction(count, rate) * fps) + 2
    values = sample(value, fps, first, frames)
    found = []
    for k in range(frames - 1):
        from_, to = (sample_at(Fraction(first + n) / fps, rate) - offset for n in (k, k + 1))
        a, b = value_at(values, k), value_at(values, k + 1)
        assert isinstance(a, float)
        assert isinstance(b, float)
        found.append(Ramp(from_, to, a, b))
    return tuple(_merged(found))


def _merged(found: list[Ramp]) -> list[Ramp]:
    """Flat neighbours of one value as one ramp."""
    merged = found[:1]
    for ramp in found[1:]:
        last = merged[-1]
        if last.a == last.b == ramp.a == ramp.b:
            merged[-1] = Ramp(last.start, ramp.stop, last.a, ramp.b)
        else:
            merged.append(ramp)
    return merged
