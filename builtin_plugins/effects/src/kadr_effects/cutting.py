"""Cutting a picture by a mask: into its alpha, or against another picture that shows elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.levels import levels
from kadr_effects.mixing import mix_plane, mix_straight, weight_bits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Grid = NDArray[np.float64]

__all__ = ["cut"]


def cut(call: FrameCall, source: VideoFrame, under: VideoFrame | None, share: Grid) -> VideoFrame:
    """The source as far as ``share`` (0..1 at every pixel) says.

    Elsewhere ``under`` shows; without one nothing does, and a picture that has no alpha is black.
    """
    import numpy as np

    layout, out = pixel_format(call.format), source.like()
    full = np.floor(share * (1 << weight_bits(layout.depth)) + 0.5).astype(np.uint32)
    small = _averaged(full, layout.log2_chroma)
    weights = [full, small, small, full]
    if under is None and layout.alpha:
        for target, plane in zip(out.planes[:3], source.planes, strict=False):
            target[...] = plane
        out.planes[3][...] = mix_plane(np.zeros_like(source.planes[3]), source.planes[3], full, layout.depth)
    elif under is not None and layout.alpha:
        mix_straight(under, source, weights, out)
    else:
        below = _black(source) if under is None else under.planes
        for target, a, b, w in zip(out.planes, below, source.planes, weights, strict=False):
            target[...] = mix_plane(a, b, w, layout.depth)
    return out


def _black(source: VideoFrame) -> list[Any]:
    import numpy as np

    scale = levels(source.format, source.color)
    codes = (scale.black, scale.middle, scale.middle)
    return [np.full_like(p, c) for p, c in zip(source.planes, codes, strict=False)]


def _averaged(weights: Any, log2: tuple[int, int]) -> Any:
    """Mean weight of the pixels of each chroma sample; at odd edges those that are there."""
    import numpy as np

    for axis in (1, 0):
        if log2[1 - axis]:
            pad = [(0, 0), (0, 0)]
            pad[axis] = (0, weights.shape[axis] % 2)
            even = np.pad(weights, pad, mode="edge")
            first, second = (even[:, 0::2], even[:, 1::2]) if axis else (even[0::2], even[1::2])
            weights = (first + second + np.uint32(1)) >> np.uint32(1)
    return weights
