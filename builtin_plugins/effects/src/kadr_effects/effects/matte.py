"""Matte: another track's picture says how much of this one is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.cutting import cut
from kadr_effects.levels import levels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Grid = NDArray[np.float64]

__all__ = ["Matte"]


class Matte:
    """By the matte's alpha, or by its luma (of its legal range) times its alpha."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """The first picture as far as the second says; elsewhere the third, where there is one."""
        import numpy as np

        under = call.inputs[2][0] if len(call.inputs) > 2 else None
        share = _share(call.inputs[1][0], call.values["channel"])
        if call.values["invert"]:
            share = 1.0 - share
        amount = float(call.values["amount"])
        return cut(call, call.inputs[0][0], under, np.asarray(1.0 - amount + amount * share))


def _share(matte: VideoFrame, channel: str) -> Grid:
    import numpy as np

    layout, scale = pixel_format(matte.format), levels(matte.format, matte.color)
    share = np.ones((matte.height, matte.width))
    if layout.alpha:
        share = matte.planes[3] / float((1 << layout.depth) - 1)
    if channel == "luma":
        light = (matte.planes[0].astype(np.float64) - scale.black) / scale.luma_span
        share = share * np.clip(light, 0.0, 1.0)
    return share
