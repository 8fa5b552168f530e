"""Curves and primaries: from code values to light and back, in numpy float64.

Sources: ITU-R BT.709-6, BT.2020-2, BT.2100-2 (PQ and HLG), BT.470-6, SMPTE ST 170, ST 240,
ST 428-1, RP 431-2 and EG 432-1; the chromaticities stand in ITU-T H.273, table 2, too.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "HLG_PEAK",
    "PQ_PEAK",
    "Values",
    "hlg_display",
    "hlg_signal",
    "luminance",
    "pq_decode",
    "pq_encode",
    "sdr_decode",
    "sdr_encode",
    "to_primaries",
]

Values = NDArray[np.float64]

PQ_PEAK = 10_000.0
"""The largest luminance that PQ can say, in cd/m2."""
HLG_PEAK = 1000.0
"""Nominal peak of the display that HLG is shown on, in cd/m2 (BT.2100, table 5)."""

_HLG_GAMMA = 1.2  # system gamma at that peak
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_ALPHA, _BETA, _SLOPE = 1.09929682680944, 0.018053968510807, 4.5
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32

_D65 = (0.3127, 0.3290)
_CHROMATICITIES = {  # red, green, blue, white as x, y
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65),
    "bt470m": ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    "bt470bg": ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    "smpte170m": ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    "smpte240m": ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    "film": ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), (0.310, 0.316)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    "smpte428": ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (1 / 3, 1 / 3)),
    "smpte431": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    "smpte432": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
}


def pq_decode(signal: Values) -> Values:
    """Luminance in cd/m2 of a PQ signal 0..1 (BT.2100, table 4)."""
    root = np.clip(signal, 0, 1) ** (1 / _M2)
    return PQ_PEAK * (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1)


def pq_encode(light: Values) -> Values:
    """PQ signal 0..1 of a luminance in cd/m2."""
    power = np.clip(light / PQ_PEAK, 0, 1) ** _M1
    return ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2


def hlg_display(signal: Values) -> Values:
    """Display light in cd/m2 of HLG RGB 0..1, shape (..., 3), on a display of the nominal peak."""
    scene = np.where(signal <= 0.5, np.square(signal) / 3, (np.exp((signal - _HLG_C) / _HLG_A) + _HLG_B) / 12)
    ootf = np.maximum(luminance(scene, "bt2020"), 1e-12) ** (_HLG_GAMMA - 1)
    return HLG_PEAK * ootf[..., None] * scene


def hlg_signal(light: Values) -> Values:
    """HLG RGB 0..1 of display light in cd/m2, shape (..., 3)."""
    shown = np.clip(light / HLG_PEAK, 0, 1)
    ootf = np.maximum(luminance(shown, "bt2020"), 1e-12) ** ((1 - _HLG_GAMMA) / _HLG_GAMMA)
    scene = np.clip(ootf[..., None] * shown, 0, 1)
    upper = _HLG_A * np.log(np.maximum(12 * scene - _HLG_B, 1e-12)) + _HLG_C
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), upper)


def sdr_decode(signal: Values) -> Values:
    """Linear light 0..1 of an SDR signal by the inverse of the camera curve (BT.709-6, 1.2)."""
    return np.where(signal < _SLOPE * _BETA, signal / _SLOPE, ((signal + _ALPHA - 1) / _ALPHA) ** (1 / 0.45))


def sdr_encode(light: Values) -> Values:
    """SDR signal 0..1 of linear light 0..1."""
    return np.where(light < _BETA, _SLOPE * light, _ALPHA * light**0.45 - (_ALPHA - 1))


def luminance(light: Values, primaries: str) -> Values:
    """Y of linear RGB, shape (..., 3)."""
    found: Values = light @ _to_xyz(primaries)[1]
    return found


def to_primaries(light: Values, before: str, after: str) -> Values:
    """Linear RGB, shape (..., 3), of one set of primaries in another; what is outside is negative.

    White stays white (von Kries in the Bradford space), also from one white point to another.
    """
    if before == after:
        return light
    first, then = _CHROMATICITIES[before][3], _CHROMATICITIES[after][3]
    matrix = np.linalg.inv(_to_xyz(after)) @ _adaptation(first, then) @ _to_xyz(before)
    return light @ matrix.T


@lru_cache(maxsize=16)
def _to_xyz(primaries: str) -> Values:
    """Columns are the primaries scaled so that their sum is white with Y = 1 (SMPTE RP 177)."""
    *colors, white = _CHROMATICITIES[primaries]
    columns = np.array([(x, y, 1 - x - y) for x, y in colors]).T
    return columns * np.linalg.solve(columns, _xyz(white))


def _xyz(white: tuple[float, float]) -> Values:
    x, y = white
    return np.array((x / y, 1.0, (1 - x - y) / y))


_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def _adaptation(first: tuple[float, float], then: tuple[float, float]) -> Values:
    gains = (_BRADFORD @ _xyz(then)) / (_BRADFORD @ _xyz(first))
    matrix: Values = np.linalg.inv(_BRADFORD) @ np.diag(gains) @ _BRADFORD
    return matrix
