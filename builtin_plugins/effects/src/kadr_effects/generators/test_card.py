"""A moving test card that says its frame number, to people and to programs."""

from __future__ import annotations

from collections.abc import Sequence

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame

from kadr_effects.colors import codes
from kadr_effects.generators.bars import BARS
from kadr_effects.painting import blank, fill

__all__ = ["BITS", "TestCard"]

BITS = 16
"""Cells of the bar code along the lower edge: the frame number in binary, high bit first."""

_DIGITS = 6
# Segments lit for each digit: top, upper left, upper right, middle, lower left, lower right, bottom.
_SEGMENTS: tuple[str, ...] = (
    "1110111",
    "0010010",
    "1011101",
    "1011011",
    "0111010",
    "1101011",
    "1101111",
    "1010010",
)
_SEGMENTS += ("1111111", "1111011")
_BOXES = (  # of the segments, in parts of a digit's box
    (0.0, 0.0, 1.0, 0.12),
    (0.0, 0.0, 0.22, 0.5),
    (0.78, 0.0, 1.0, 0.5),
    (0.0, 0.44, 1.0, 0.56),
    (0.0, 0.5, 0.22, 1.0),
    (0.78, 0.5, 1.0, 1.0),
    (0.0, 0.88, 1.0, 1.0),
)


class TestCard:
    """Colour bars above, the frame number in the middle, a running line and a bar code below.

    The line crosses the picture once in two seconds.
    """

    def frame(self, call: FrameCall) -> VideoFrame:
        """The picture."""
        out, width, height = blank(call), call.width, call.height
        grey, white, black = (_shade((v, v, v), call) for v in (0.25, 1.0, 0.0))
        fill(out, (0, 0, width, height + 2), grey)
        fill(out, (0, 0, width + 2, height + 2), grey)
        for number, color in enumerate(BARS):
            fill(out, (width * number / 8, 0, width * (number + 1) / 8, height / 4), _shade(color, call))
        _number(out, call.frame % 10**_DIGITS, white)
        place = float(call.frame / call.rate / 2 % 1) * width
        fill(out, (place, height * 0.72, place + max(2.0, width / 64), height * 0.86), white)
        for bit in range(BITS):
            lit = call.frame >> (BITS - 1 - bit) & 1
            box = (width * bit / BITS, height * 7 / 8, width * (bit + 1) / BITS, height)
            fill(out, box, white if lit else black)
        return out


def _shade(rgb: Sequence[float], call: FrameCall) -> tuple[int, ...]:
    return codes((*rgb, 1.0), call.format, call.color)


def _number(out: VideoFrame, number: int, shade: Sequence[int]) -> None:
    tall, pitch = out.height * 0.3, out.width * 0.1
    for place, digit in enumerate(f"{number:0{_DIGITS}d}"):
        left = out.width * 0.2 + pitch * place
        for lit, (x0, y0, x1, y1) in zip(_SEGMENTS[int(digit)], _BOXES, strict=True):
            if lit == "1":
                wide, top = pitch * 0.7, out.height * 0.34
                box = (left + wide * x0, top + tall * y0, left + wide * x1, top + tall * y1)
                fill(out, box, shade)
