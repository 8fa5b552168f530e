"""Text: a title, with outline and box, on nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kadr_sdk.effects import FrameCall
from kadr_sdk.errors import InvalidParameterError
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.colors import codes
from kadr_effects.painting import blank

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.ImageFont import FreeTypeFont

    Share = NDArray[np.float32]

__all__ = ["Text"]

_MAX_LETTERS = 2000
_ANCHORS = {"left": "lm", "center": "mm", "right": "rm"}


class Text:
    """Lines of letters over their outline over a box, mixed by how much of a pixel each covers.

    Letters are drawn by FreeType through Pillow: with the font of a file, or with the one that
    Pillow brings along.
    """

    def __init__(self) -> None:
        # The last picture: most titles stand still. Threads may replace each other's.
        self._kept: tuple[object, VideoFrame] | None = None

    def check(self, values: Mapping[str, Any]) -> None:
        """Read the font.

        Raises:
            InvalidParameterError: it is none, it lacks letters of the text, or there are too many.
        """
        if len(values["text"]) > _MAX_LETTERS:
            text = f"the text has more than {_MAX_LETTERS} letters"
            raise InvalidParameterError(text, hint="spread it over several clips")
        path = str(values["font"] or "")
        font = _font(path, 16.0)
        if missing := sorted({c for c in values["text"] if not c.isspace() and not _has(font, c)}):
            text = f"{path or 'the font that comes along'} has no letters {' '.join(missing[:20])}"
            raise InvalidParameterError(text, hint="give the file of a font that has them")

    def frame(self, call: FrameCall) -> VideoFrame:
        """The title."""
        values = tuple(sorted(call.values.items()))
        key = (call.width, call.height, call.format, call.color, values)
        kept = self._kept
        if kept is None or kept[0] != key:
            kept = self._kept = (key, _painted(call))
        out = kept[1].copy()
        out.time = call.time
        return out


def _painted(call: FrameCall) -> VideoFrame:
    import numpy as np

    values = call.values
    letters, outlined, box = _shares(values, call.width, call.height)
    # Straight alpha, from the top down: what a layer leaves over is for the next.
    parts: list[tuple[Share, tuple[int, ...]]] = []
    left = np.ones((call.height, call.width), np.float32)
    for name, share in (("color", letters), ("outline_color", outlined), ("box_color", box)):
        weight = left * share * np.float32(values[name][3])
        parts.append((weight, codes((*values[name][:3], 1.0), call.format, call.color)))
        left = left - weight
    return _mixed(call, parts, 1 - left)


def _mixed(call: FrameCall, parts: list[tuple[Share, tuple[int, ...]]], alpha: Share) -> VideoFrame:
    import numpy as np

    layout, out = pixel_format(call.format), blank(call)
    top = (1 << layout.depth) - 1
    for number, plane in enumerate(out.planes[:3]):
        log2 = layout.log2_chroma if number else (0, 0)
        weights = [_averaged(weight, log2) for weight, _ in parts]
        total = weights[0] + weights[1] + weights[2]
        color = sum(w * np.float32(c[number]) for w, (_, c) in zip(weights, parts, strict=True))
        none = np.float32(parts[0][1][number])
        plane[...] = np.where(total > 0, color / np.maximum(total, np.float32(1e-6)), none) + np.float32(0.5)
    if layout.alpha:
        out.planes[3][...] = alpha * np.float32(top) + np.float32(0.5)
    return out


def _averaged(share: Share, log2: tuple[int, int]) -> Share:
    """Means over the pixels of each sample; at odd edges of those that are there."""
    import numpy as np

    for axis, halvings in ((1, log2[0]), (0, log2[1])):
        if halvings:
            pad = [(0, 0), (0, 0)]
            pad[axis] = (0, share.shape[axis] % 2)
            even = np.pad(share, pad, mode="edge")
            first, second = (even[:, 0::2], even[:, 1::2]) if axis else (even[0::2], even[1::2])
            share = (first + second) * np.float32(0.5)
    return share


def _shares(values: Mapping[str, Any], width: int, height: int) -> tuple[Share, Share, Share]:
    """How much of every pixel letters, letters with their outline, and the box cover."""
    from PIL import Image, ImageDraw

    at = values["position"][0] * width, values["position"][1] * height
    font = _font(str(values["font"] or ""), max(1.0, round(values["size"], 2)))
    given: dict[str, Any] = {
        "font": font,
        "anchor": _ANCHORS[values["align"]],
        "align": values["align"],
        "spacing": round(font.size * (values["line_height"] - 1.0)),
    }
    stroke = round(values["outline"])
    letters, outlined = (Image.new("L", (width, height), 0) for _ in range(2))
    ImageDraw.Draw(letters).text(at, values["text"], fill=255, **given)
    if stroke:
        ImageDraw.Draw(outlined).text(at, values["text"], fill=255, stroke_width=stroke, **given)
    box = Image.new("L", (width, height), 0)
    if values["box_color"][3] > 0 and values["text"].strip():
        draw, pad = ImageDraw.Draw(box), values["box_padding"]
        left, top, right, bottom = draw.textbbox(at, values["text"], stroke_width=stroke, **given)
        edges = [round(left - pad), round(top - pad), round(right + pad) - 1, round(bottom + pad) - 1]
        draw.rectangle(edges, fill=255)
    return _share(letters), _share(outlined), _share(box)


def _share(image: Any) -> Share:
    import numpy as np

    return np.asarray(image, np.float32) / np.float32(255)


@lru_cache(maxsize=32)
def _font(path: str, size: float) -> FreeTypeFont:
    """A font by its file, or the one that is always there.

    Raises:
        InvalidParameterError: the file is no font.
    """
    from PIL import ImageFont

    try:
        found = ImageFont.truetype(path, size) if path else ImageFont.load_default(size)
    except OSError as error:
        text = f"{path} cannot be read as a font: {error}"
        raise InvalidParameterError(text, hint="give a TrueType or OpenType file (.ttf, .otf)") from error
    if not isinstance(found, ImageFont.FreeTypeFont):
        raise InvalidParameterError("Pillow was built without FreeType", hint="install its wheel")
    return found


def _has(font: FreeTypeFont, letter: str) -> bool:
    """False where the font draws the letter as it draws one that no font has."""
    return bytes(font.getmask(letter)) != bytes(font.getmask("\U0010fffe"))
