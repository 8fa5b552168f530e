"""Colour bars after SMPTE EG 1-1990: 75 % bars, reversed blue bars, -I, white, +Q and pluge."""

from __future__ import annotations

from collections.abc import Sequence

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.colors import codes
from kadr_effects.levels import levels
from kadr_effects.painting import blank, fill

__all__ = ["BARS", "Bars"]

_ON = 0.75
BARS = tuple((red * _ON, green * _ON, blue * _ON) for green in (1, 0) for red in (1, 0) for blue in (1, 0))
"""White, yellow, cyan, green, magenta, red, blue and black at 75 %, as R, G, B."""

_MINUS_I, _PLUS_Q = (0.0, 0.2456, 0.4125), (0.2536, 0.0, 0.4703)
_PLUGE = 0.04  # of the way from black to white


class Bars:
    """Bars in the picture's own matrix and range."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """The picture."""
        out, width, height = blank(call), call.width, call.height
        shades = [_shade(color, call) for color in BARS]
        black = _grey(0.0, call)
        for number in range(7):
            left, right = width * number / 7, width * (number + 1) / 7
            fill(out, (left, 0, right, height * 2 / 3), shades[number])
            castellation = black if number % 2 else (shades[6], shades[4], shades[2], shades[0])[number // 2]
            fill(out, (left, height * 2 / 3, right, height * 3 / 4), castellation)
        self._bottom(out, call, black)
        return out

    def _bottom(self, out: VideoFrame, call: FrameCall, black: Sequence[int]) -> None:
        width, top, bottom = call.width, call.height * 3 / 4, call.height
        block = width * 5 / 28
        row = [_shade(_MINUS_I, call), _grey(1.0, call), _shade(_PLUS_Q, call)]
        fill(out, (0, top, width, bottom), black)
        for number, shade in enumerate(row):
            fill(out, (block * number, top, block * (number + 1), bottom), shade)
        for number, light in enumerate((-_PLUGE, 0.0, _PLUGE)):
            left = width * 5 / 7 + width * number / 21
            fill(out, (left, top, left + width / 21, bottom), _grey(light, call))


def _shade(rgb: Sequence[float], call: FrameCall) -> tuple[int, ...]:
    return codes((*rgb, 1.0), call.format, call.color)


def _grey(light: float, call: FrameCall) -> tuple[int, ...]:
    """A grey that may lie below black, where the range has footroom."""
    scale = levels(call.format, call.color)
    luma = max(0, int(scale.black + light * scale.luma_span + 0.5))
    return (luma, scale.middle, scale.middle, scale.peak)[: pixel_format(call.format).planes]
