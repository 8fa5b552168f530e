"""What the numbers of a YUV picture stand for: black, white and the middle of chroma."""

from __future__ import annotations

from dataclasses import dataclass

from kadr_sdk.color import Color
from kadr_sdk.frames import pixel_format

__all__ = ["Levels", "levels"]


@dataclass(frozen=True, slots=True)
class Levels:
    """Code values of a format (ITU-R BT.709 §3 for limited range, H.273 for full).

    Attributes:
        black, white: nominal luma.
        low, high: nominal chroma.
        middle: chroma of grey.
        peak: greatest code that the format holds.
    """

    black: int
    white: int
    low: int
    high: int
    middle: int
    peak: int

    @property
    def luma_span(self) -> int:
        """Codes from black to white."""
        return self.white - self.black

    @property
    def chroma_span(self) -> int:
        """Codes from the lowest to the highest nominal chroma."""
        return self.high - self.low


def levels(format: str, color: Color) -> Levels:
    """The levels of a YUV format; a range that nobody told is limited."""
    depth = pixel_format(format).depth
    one, peak, middle = 1 << (depth - 8), (1 << depth) - 1, 1 << (depth - 1)
    if color.range == "pc":
        return Levels(0, peak, 0, peak, middle, peak)
    return Levels(16 * one, 235 * one, 16 * one, 240 * one, middle, peak)
