"""From one colour space's code values to another's, high dynamic range included.

Within SDR all curves are taken for the one of BT.709 on both sides, so greys stay as they
are; what is linear is the exception. Where PQ or HLG take part, light is that of the display,
in cd/m2. Where the source reaches higher than the target, the EETF of ITU-R BT.2390-10
(5.4.1) brings it down: a straight line in PQ, then a Hermite spline to the target's peak. It
is applied to the largest of the three components and the others keep their ratio to it, so
hues stay. Colours outside the target's gamut move towards the grey of their luminance until
no component is negative, and are then dimmed until none is above the peak.

Peaks: PQ of a source reaches as high as its metadata say, 1000 cd/m2 where they say nothing (what is brighter
is shown at the peak), HLG is shown at its nominal 1000 cd/m2, SDR white is the reference white of
ITU-R BT.2408, 203 cd/m2, on a display of gamma 2.4 (BT.1886). An output in PQ can say all, so
nothing is brought down for it.
"""

from __future__ import annotations

import numpy as np
from kadr_sdk.color import Color

from kadr_pyav.gamut import neighbours
from kadr_pyav.light import (
    HLG_PEAK,
    PQ_PEAK,
    Values,
    hlg_display,
    hlg_signal,
    luminance,
    pq_decode,
    pq_encode,
    sdr_decode,
    sdr_encode,
    to_primaries,
)

__all__ = ["PEAKS", "SDR_PEAK", "eetf", "graded"]

SDR_PEAK = 203.0
PEAKS = {"smpte2084": 1000.0, "arib-std-b67": HLG_PEAK}
_REACH = {"smpte2084": PQ_PEAK, "arib-std-b67": HLG_PEAK}  # what an output can say
_DISPLAY_GAMMA = 2.4
_PQ, _HLG = "smpte2084", "arib-std-b67"


def graded(rgb: Values, before: Color, after: Color, peak: float = 0.0) -> Values:
    """Code values 0..1 of RGB, shape (..., 3), in another colour space.

    Args:
        peak: the brightest that the source states, cd/m2; 0: the usual one of its curve.
    """
    if not (before.high_range or after.high_range):
        linear = rgb if before.transfer == "linear" else sdr_decode(rgb)
        linear = to_primaries(linear, before.primaries, after.primaries)
        inside = np.clip(linear, 0, 1) if neighbours(before, after) else _inside(linear, after.primaries)
        return inside if after.transfer == "linear" else sdr_encode(inside)
    light = _shown(rgb, before.transfer)
    low, high = _REACH.get(after.transfer, SDR_PEAK), peak or PEAKS.get(before.transfer, SDR_PEAK)
    if low < high:
        light = _mapped(light, high, low)
    light = to_primaries(light, before.primaries, after.primaries)
    return _signal(low * _inside(light / low, after.primaries), after.transfer)


def _shown(rgb: Values, transfer: str) -> Values:
    if transfer == _PQ:
        return pq_decode(rgb)
    return hlg_display(rgb) if transfer == _HLG else SDR_PEAK * rgb**_DISPLAY_GAMMA


def _signal(light: Values, transfer: str) -> Values:
    if transfer == _PQ:
        return pq_encode(light)
    return hlg_signal(light) if transfer == _HLG else (light / SDR_PEAK) ** (1 / _DISPLAY_GAMMA)


def _mapped(light: Values, source: float, target: float) -> Values:
    largest = np.maximum(light.max(axis=-1, keepdims=True), 1e-9)
    found: Values = light * (eetf(largest, source, target) / largest)
    return found


def eetf(light: Values, source: float, target: float) -> Values:
    """Luminance in cd/m2 on a display of a lower peak; black stays black (BT.2390-10, 5.4.1)."""
    top = float(pq_encode(np.array(source)))
    peak = float(pq_encode(np.array(target))) / top
    knee = 1.5 * peak - 0.5
    signal = np.minimum(pq_encode(light) / top, 1)
    t = np.maximum(signal - knee, 0) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * peak
    )
    return pq_decode(np.where(signal < knee, signal, spline) * top)


def _inside(light: Values, primaries: str) -> Values:
    """Linear RGB in 0..1: towards the grey of its luminance while negative, then no brighter than 1."""
    grey = np.clip(luminance(light, primaries), 0, None)[..., None]
    lowest = light.min(axis=-1, keepdims=True)
    kept = np.where(lowest < 0, grey / np.maximum(grey - lowest, 1e-12), 1)
    positive = np.maximum(grey + kept * (light - grey), 0)
    found: Values = positive / np.maximum(positive.max(axis=-1, keepdims=True), 1)
    return found
