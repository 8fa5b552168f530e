"""When colours need more than another matrix: wide gamut and high dynamic range.

Pictures of the SDR family (BT.709, BT.601, sRGB) are display-referred alike: their
primaries lie close together and their curves are meant for the same screen, so neither is
converted, as in every other editor. BT.2020 and P3 primaries, PQ and HLG curves are another
matter and are converted by what the tags say.
"""

from __future__ import annotations

from kadr_sdk.color import Color

__all__ = ["high_range", "managed"]

_WIDE = frozenset({"bt2020", "smpte431", "smpte432", "film", "smpte428"})
_HIGH = frozenset({"smpte2084", "arib-std-b67"})


def high_range(color: Color) -> bool:
    """True for the curves of high dynamic range."""
    return color.transfer in _HIGH


def managed(before: Color, after: Color) -> bool:
    """True where primaries or curves must be converted too."""
    if "unknown" in (before.primaries, after.primaries):
        return False
    if high_range(before) or high_range(after) or "linear" in (before.transfer, after.transfer):
        return (before.transfer, before.primaries) != (after.transfer, after.primaries)
    wide = before.primaries in _WIDE or after.primaries in _WIDE
    return wide and before.primaries != after.primaries
