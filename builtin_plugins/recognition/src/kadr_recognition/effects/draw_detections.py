"""Draw detections: boxes and names over the picture."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from kadr_sdk.color import Color
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format
from kadr_sdk.text import printable

from kadr_recognition.boxes import Array
from kadr_recognition.effects.following import Following, Region
from kadr_recognition.effects.sightings import Spot

__all__ = ["DrawDetections"]

_COLORS = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080", "#9a6324", "#800000")
_WEIGHTS = {"smpte170m": (0.299, 0.114), "bt470bg": (0.299, 0.114), "bt2020nc": (0.2627, 0.0593)}
_MOST_LETTERS = 60


class DrawDetections(Following):
    """A frame around each thing, with its class, id and score; dashed edges where it is only expected."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """A new frame."""
        out = call.inputs[0][0].copy()
        width = max(2, 2 * round(call.values["line"] / 2))
        for spot, region in sorted(self.spots(call), key=lambda found: found[0].score):  # the surest on top
            _draw(out, spot, region, width, call)
        return out


def _draw(out: VideoFrame, spot: Spot, region: Region, width: int, call: FrameCall) -> None:
    left, top, right, bottom = (2 * round(v / 2) for v in region)
    paint = codes(_color(spot), call.format, call.color)
    for rectangle in (
        (left, top, right, top + width),
        (left, bottom - width, right, bottom),
        (left, top, left + width, bottom),
        (right - width, top, right, bottom),
    ):
        _fill(out, rectangle, paint, dashes=0 if spot.seen else 4 * width)
    if call.values["labels"]:
        letters = _letters(_text(spot), max(1, width // 2))
        height, length = letters.shape
        inside = min(left, out.width - length) // 2 * 2
        at = (max(0, inside), top - height if top >= height else max(0, top))
        _fill(out, (at[0], at[1], at[0] + length, at[1] + height), paint)
        _write(out, letters, at, codes((1.0, 1.0, 1.0), call.format, call.color))


def _color(spot: Spot) -> tuple[float, float, float]:
    """By the id, else by the letters of the class: the same in every frame."""
    number = spot.track if spot.track is not None else sum(map(ord, spot.name))
    digits = _COLORS[number % len(_COLORS)]
    red, green, blue = (int(digits[k : k + 2], 16) / 255 for k in (1, 3, 5))
    return red, green, blue


def _text(spot: Spot) -> str:
    track = "" if spot.track is None else f" {spot.track}"
    return printable(f"{spot.name}{track} {spot.score:.2f}", _MOST_LETTERS)


def codes(rgb: tuple[float, float, float], format: str, color: Color) -> tuple[int, int, int]:
    """Codes of luma and chroma for a colour (ITU-R BT.709 and its like); a range nobody told is limited."""
    depth, (kr, kb) = pixel_format(format).depth, _WEIGHTS.get(color.matrix, (0.2126, 0.0722))
    red, green, blue = rgb
    y = kr * red + (1 - kr - kb) * green + kb * blue
    full = color.range == "pc"
    black, luma, chroma = (0, 255, 255) if full else (16, 219, 224)
    parts = (
        black + luma * y,
        *(128 + chroma * d for d in ((blue - y) / (2 - 2 * kb), (red - y) / (2 - 2 * kr))),
    )
    one, two, three = (min(255, int(p + 0.5)) << (depth - 8) for p in parts)
    return one, two, three


def _fill(
    out: VideoFrame, rectangle: tuple[int, int, int, int], paint: tuple[int, int, int], dashes: int = 0
) -> None:
    """A rectangle of even corners; with ``dashes`` only every other stretch of that length."""
    left, top, right, bottom = rectangle
    left, top, right, bottom = max(0, left), max(0, top), min(out.width, right), min(out.height, bottom)
    if right <= left or bottom <= top:
        return
    for number, plane in enumerate(out.planes):
        across, down = pixel_format(out.format).log2_chroma if number in (1, 2) else (0, 0)
        part = plane[top >> down : -(-bottom >> down), left >> across : -(-right >> across)]
        value = paint[number] if number < 3 else (1 << pixel_format(out.format).depth) - 1
        if not dashes:
            part[...] = value
        elif right - left > bottom - top:
            part[:, (np.arange(part.shape[1]) << across) // dashes % 2 == 0] = value
        else:
            part[(np.arange(part.shape[0]) << down) // dashes % 2 == 0] = value


def _write(out: VideoFrame, letters: Array, at: tuple[int, int], paint: tuple[int, int, int]) -> None:
    """Letters in luma; their chroma stays that of the field below, which is as good as white when small."""
    x, y = at
    plane = out.planes[0]
    part = plane[y : y + letters.shape[0], x : x + letters.shape[1]]
    part[letters[: part.shape[0], : part.shape[1]]] = paint[0]


@lru_cache(maxsize=512)
def _letters(text: str, scale: int) -> Array:
    """A line of text with a rim, of even sides: Pillow's bitmap letters, enlarged by whole pixels."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default_imagefont()
    _, _, width, height = font.getbbox(text)
    picture = Image.new("1", (int(width) + 4, int(height) + 2))
    ImageDraw.Draw(picture).text((2, 1), text, fill=1, font=font)
    pixels = np.asarray(picture, dtype=bool).repeat(scale, axis=0).repeat(scale, axis=1)
    return np.pad(pixels, [(0, side % 2) for side in pixels.shape])
