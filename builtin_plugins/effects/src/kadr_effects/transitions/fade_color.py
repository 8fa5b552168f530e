"""Fade through a colour: the outgoing clip sinks into it, the incoming one rises out of it."""

from __future__ import annotations

import numpy as np
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.colors import codes
from kadr_effects.mixing import mix_plane, weight

__all__ = ["FadeColor"]


class FadeColor:
    """The colour alone stands at half the way."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """One picture and the colour, mixed as a dissolve does."""
        rising = call.progress >= 0.5
        source = call.inputs[1 if rising else 0][0]
        out, depth = source.like(), pixel_format(source.format).depth
        share = weight(2.0 * (1.0 - call.progress) if rising else 2.0 * call.progress, depth)
        color = codes(call.values["color"], source.format, source.color)
        for target, plane, code in zip(out.planes, source.planes, color, strict=True):
            target[...] = mix_plane(plane, np.asarray(code, plane.dtype), share, depth)
        return out
