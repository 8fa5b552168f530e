"""Whether a picture is transparent anywhere: an alpha channel alone says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

__all__ = ["transparent"]


def transparent(frame: VideoFrame) -> bool:
    """True where any pixel of the frame is less than opaque."""
    fmt = frame.format
    if not fmt.has_palette and not any(c.is_alpha for c in fmt.components):
        return False
    if fmt.name.startswith(("yuva", "gbrap")):
        plane = frame.planes[3]
        word = np.dtype("<u2") if fmt.components[0].bits > 8 else np.dtype(np.uint8)
        # A plane is a buffer, which the stubs do not say.
        view = np.frombuffer(plane, word)  # type: ignore[call-overload]
        alpha = view.reshape(plane.height, -1)[:, : plane.width]
        return bool(alpha.min() < (1 << fmt.components[0].bits) - 1)
    alpha = frame.reformat(format="rgba").to_ndarray()[:, :, 3]
    return bool(alpha.min() < 255)
