"""What the effects on sound share: decibels, and second-order filters as libavfilter nodes."""

from __future__ import annotations

from kadr_sdk.effects import FilterSpec

__all__ = ["biquad", "factor"]


def factor(decibels: float) -> float:
    """The amplitude that so many decibels stand for."""
    return float(10.0 ** (decibels / 20.0))


def biquad(name: str, frequency: float, q: float, rate: int, gain: float | None = None) -> FilterSpec:
    """A filter of the "Audio EQ Cookbook" (R. Bristow-Johnson), in double precision.

    Args:
        name: of libavfilter's filter.
        frequency: in Hz; kept below half the rate, above which there is no sound.
        q: quality. gain: in decibels, for filters that have one.
    """
    options = {"f": min(frequency, 0.499 * rate), "width_type": "q", "width": q}
    if gain is not None:
        options["g"] = gain
    return FilterSpec.of(name, **options, precision="f64", transform="tdii")
