"""A frame as an image file, and as RGB for a preview."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from kadr_sdk.color import Color
from kadr_sdk.errors import NotSupportedError
from kadr_sdk.frames import VideoFrame
from PIL import Image

from kadr_pyav.conform import convert_filters
from kadr_pyav.graph import LiveGraph
from kadr_pyav.planes import from_planes, views
from kadr_pyav.recipe import Recipe, Shape

if TYPE_CHECKING:
    from av.video.frame import VideoFrame as AvFrame

__all__ = ["KINDS", "encode_image", "to_rgb"]

KINDS = {"png": "PNG", "jpeg": "JPEG", "jpg": "JPEG", "webp": "WEBP"}
_QUALITY = 92  # of a JPEG, chroma not subsampled
_WEBP_QUALITY = 85


def encode_image(frame: VideoFrame, kind: str = "png") -> bytes:
    """A frame as a PNG, JPEG or WebP file (8 bit RGB; PNG and WebP keep alpha).

    Raises:
        NotSupportedError: another kind of image.
    """
    if kind.lower() not in KINDS:
        raise NotSupportedError(f"frames cannot be written as {kind!r}", hint=f"known: {', '.join(KINDS)}")
    name = KINDS[kind.lower()]
    alpha = name != "JPEG"
    picture = frame if frame.format in _READY[alpha] else _converted(from_planes(frame), frame.color, alpha)
    image = Image.fromarray(np.ascontiguousarray(picture.planes[0]))
    file = io.BytesIO()
    image.save(file, name, **_OPTIONS[name])
    return file.getvalue()


_READY = {True: ("rgb24", "rgba"), False: ("rgb24",)}
_OPTIONS: dict[str, dict[str, int]] = {
    "PNG": {"compress_level": 3},
    "JPEG": {"quality": _QUALITY, "subsampling": 0},
    "WEBP": {"quality": _WEBP_QUALITY, "method": 4},
}


def to_rgb(frame: AvFrame, color: Color) -> VideoFrame:
    """A frame as ``rgb24``; alpha is left out."""
    return _converted(frame, color, alpha=False)


def _converted(frame: AvFrame, color: Color, alpha: bool) -> VideoFrame:
    shape = Shape(frame.width, frame.height, frame.format.name, color)
    with_alpha = alpha and any(c.is_alpha for c in frame.format.components)
    target = Color("gbr", color.primaries, color.transfer, "pc")
    wanted = Shape(shape.width, shape.height, "rgba" if with_alpha else "rgb24", target)
    recipe = Recipe()
    end = recipe.chain(recipe.source(shape), convert_filters(shape, wanted))
    return views(LiveGraph(recipe, end, wanted).frame(0, [frame]), target)
