"""When colours need more than another matrix: other primaries and high dynamic range.

Pictures of the SDR family (BT.709, BT.601, sRGB) are display-referred alike: their curves are
meant for the same screen and are taken for one. Their primaries lie close together and are
converted in light without a table where the pixels allow. BT.2020 and P3 primaries, PQ and HLG
curves are converted through a table by what the tags say.
"""

from __future__ import annotations

from kadr_sdk.color import Color

__all__ = ["managed", "neighbours"]

_WIDE = frozenset({"bt2020", "smpte431", "smpte432", "film", "smpte428"})
_NARROW = {"bt709": 709, "smpte170m": 525, "smpte240m": 525, "bt470bg": 625}


def managed(before: Color, after: Color) -> bool:
    """True where primaries or curves must be converted too."""
    if "unknown" in (before.primaries, after.primaries):
        return False
    if before.high_range or after.high_range or "linear" in (before.transfer, after.transfer):
        return (before.transfer, before.primaries) != (after.transfer, after.primaries)
    wide = before.primaries in _WIDE or after.primaries in _WIDE
    return wide and before.primaries != after.primaries


def neighbours(before: Color, after: Color) -> bool:
    """True where primaries of BT.709 and BT.601 (525 or 625 lines) must become each other's."""
    first, then = _NARROW.get(before.primaries), _NARROW.get(after.primaries)
    return None not in (first, then) and first != then
