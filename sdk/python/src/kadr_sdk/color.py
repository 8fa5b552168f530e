"""Colour description: matrix, primaries, transfer, range and chroma location.

Names are FFmpeg's; numbers are the code points of ITU-T H.273, which FFmpeg uses too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = [
    "BT601_525",
    "BT601_625",
    "BT709",
    "BT2020",
    "BT2100_HLG",
    "BT2100_PQ",
    "MATRIX",
    "PRIMARIES",
    "TRANSFER",
    "UNKNOWN",
    "Color",
]

MATRIX = {
    "gbr": 0,
    "bt709": 1,
    "unknown": 2,
    "fcc": 4,
    "bt470bg": 5,
    "smpte170m": 6,
    "smpte240m": 7,
    "ycgco": 8,
    "bt2020nc": 9,
    "bt2020c": 10,
}
PRIMARIES = {
    "bt709": 1,
    "unknown": 2,
    "bt470m": 4,
    "bt470bg": 5,
    "smpte170m": 6,
    "smpte240m": 7,
    "film": 8,
    "bt2020": 9,
    "smpte428": 10,
    "smpte431": 11,
    "smpte432": 12,
}
TRANSFER = {
    "bt709": 1,
    "unknown": 2,
    "gamma22": 4,
    "gamma28": 5,
    "smpte170m": 6,
    "smpte240m": 7,
    "linear": 8,
    "iec61966-2-4": 11,
    "iec61966-2-1": 13,
    "bt2020-10": 14,
    "bt2020-12": 15,
    "smpte2084": 16,
    "arib-std-b67": 18,
}


@dataclass(frozen=True, slots=True)
class Color:
    """What the numbers of a picture mean.

    Attributes:
        matrix: a key of :data:`MATRIX`.
        primaries: a key of :data:`PRIMARIES`.
        transfer: a key of :data:`TRANSFER`.
        range: ``"tv"`` (limited, 16-235 at 8 bit), ``"pc"`` (full) or ``"unknown"``.
        chroma: ``"left"``, ``"center"``, ``"topleft"``, ``"top"``, ``"bottomleft"``, ``"bottom"``
            or ``"unknown"``.
    """

    matrix: str = "unknown"
    primaries: str = "unknown"
    transfer: str = "unknown"
    range: str = "unknown"
    chroma: str = "unknown"

    @property
    def high_range(self) -> bool:
        """True for the curves of high dynamic range: PQ and HLG (ITU-R BT.2100)."""
        return self.transfer in _HIGH

    def filled(self, width: int, height: int, *, rgb: bool = False) -> Color:
        """The colour with the unknown parts decided by the picture's size.

        Untagged video below 720 lines and 1280 columns is BT.601, else BT.709; untagged
        RGB is full range sRGB. Untagged range of YUV is limited. What is tagged with one
        part of BT.2020, or as PQ or HLG, is taken for BT.2020 in the others. Untagged primaries
        are those of BT.601 in the rasters of broadcast alone (720 or 704 columns, 480, 486 or
        576 lines), since other small pictures come from computers and phones: BT.709.
        """
        wide = "bt2020" in (self.primaries, self.matrix[:6]) or self.high_range
        if rgb:
            guess = Color("gbr", "bt2020" if wide else "bt709", "iec61966-2-1", "pc", self.chroma)
        elif wide:
            guess = BT2020
        else:
            guess = BT709 if height >= 720 or width >= 1280 else BT601_525
            broadcast = width in _BROADCAST and self.range != "pc" and self.matrix != "bt709"
            guess = replace(guess, primaries=_LINES.get(height, "bt709") if broadcast else "bt709")
        return Color(
            guess.matrix if self.matrix == "unknown" else self.matrix,
            guess.primaries if self.primaries == "unknown" else self.primaries,
            guess.transfer if self.transfer == "unknown" else self.transfer,
            guess.range if self.range == "unknown" else self.range,
            guess.chroma if self.chroma == "unknown" else self.chroma,
        )


UNKNOWN = Color()
BT709 = Color("bt709", "bt709", "bt709", "tv", "left")
BT601_525 = Color("smpte170m", "smpte170m", "smpte170m", "tv", "left")
BT601_625 = Color("bt470bg", "bt470bg", "smpte170m", "tv", "left")
BT2020 = Color("bt2020nc", "bt2020", "bt2020-10", "tv", "left")
BT2100_PQ = replace(BT2020, transfer="smpte2084")
BT2100_HLG = replace(BT2020, transfer="arib-std-b67")
_BROADCAST = (704, 720)
_LINES = {480: "smpte170m", 486: "smpte170m", 576: "bt470bg"}
_HIGH = ("smpte2084", "arib-std-b67")
