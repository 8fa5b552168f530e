"""One colour as a frame.

Codes follow ITU-T H.273: ``Y' = Kr R' + Kg G' + Kb B'``, chroma scaled to +-0.5, limited or
full range at the format's depth; alpha is always full range and straight.
"""

from __future__ import annotations

import numpy as np
from av.video.frame import VideoFrame as AvFrame
from kadr_sdk.color import BT709, Color
from kadr_sdk.frames import PixelFormat, pixel_format
from kadr_sdk.plan import Solid

from kadr_pyav.planes import blank, views
from kadr_pyav.tonemap import graded

__all__ = ["codes_of", "solid_frame"]

_KR_KB = {
    "bt709": (0.2126, 0.0722),
    "fcc": (0.30, 0.11),
    "bt470bg": (0.299, 0.114),
    "smpte170m": (0.299, 0.114),
    "smpte240m": (0.212, 0.087),
    "bt2020nc": (0.2627, 0.0593),
    "bt2020c": (0.2627, 0.0593),
}


def codes_of(rgba: tuple[float, float, float, float], layout: PixelFormat, color: Color) -> tuple[int, ...]:
    """Code values of a straight RGBA colour (0..1), one a component in the format's order."""
    top = (1 << layout.depth) - 1
    alpha = (_code(rgba[3] * top, top),) if layout.alpha else ()
    step = float(1 << layout.depth - 8)
    low, span = (0.0, float(top)) if color.range == "pc" else (16 * step, 219 * step)
    if layout.rgb:
        order = (0, 1, 2) if layout.packed else (1, 2, 0)
        return tuple(_code(low + span * rgba[i], top) for i in order) + alpha
    kr, kb = _KR_KB.get(color.matrix, _KR_KB["bt709"])
    red, green, blue = rgba[:3]
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    middle, swing = 128 * step, (float(top) if color.range == "pc" else 224 * step)
    chroma = (middle + swing * (blue - luma) / (2 - 2 * kb), middle + swing * (red - luma) / (2 - 2 * kr))
    codes = (low + span * luma, *chroma) if layout.planes > 1 else (low + span * luma,)
    return tuple(_code(c, top) for c in codes) + alpha


def _code(value: float, top: int) -> int:
    return min(top, max(0, int(value + 0.5)))


def solid_frame(node: Solid) -> AvFrame:
    """A frame of one colour; in high dynamic range what SDR shows, with its white at 203 cd/m2."""
    layout = pixel_format(node.format)
    color = node.color.filled(node.width, node.height, rgb=layout.rgb)
    rgba = node.rgba
    if color.high_range:
        red, green, blue = graded(np.array(rgba[:3]), BT709, color).tolist()
        rgba = (red, green, blue, rgba[3])
    frame = blank(node.format, node.width, node.height, node.color)
    codes = codes_of(rgba, layout, color)
    planes = views(frame, node.color, writable=True).planes
    if layout.packed:
        planes[0][:] = codes
    else:
        for plane, code in zip(planes, codes, strict=True):
            plane[:] = code
    return frame
