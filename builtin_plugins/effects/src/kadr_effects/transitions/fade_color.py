"""Fade through a colour: the outgoing clip sinks into it, the incoming one rises out of it."""

from __future__ import annotations

import numpy as np
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.colors import codes
from kadr_effects.masks import copied, smoothstep
from kadr_effects.mixing import mix_plane, mix_three, weight

__all__ = ["FadeColor", "shares"]

_PHASE = 0.2


class FadeColor:
    """Even: the colour alone stands at half the way. Quick: after a fifth of it.

    The quick course is that of ``fadeblack`` and ``fadewhite`` in libavfilter's ``xfade``.
    """

    def frame(self, call: FrameCall) -> VideoFrame:
        """Pictures and the colour, mixed as a dissolve does."""
        if (whole := copied(call)) is not None:
            return whole
        outgoing, incoming = call.inputs[0][0], call.inputs[1][0]
        color = codes(call.values["color"], outgoing.format, outgoing.color)
        if call.values["course"] == "even":
            return _even(incoming if call.progress >= 0.5 else outgoing, call.progress, color)
        out, depth = outgoing.like(), pixel_format(outgoing.format).depth
        planes = zip(out.planes, outgoing.planes, incoming.planes, color, strict=True)
        for target, a, b, code in planes:
            target[...] = mix_three(a, b, code, shares(call.progress), depth)
        return out


def _even(source: VideoFrame, progress: float, color: tuple[int, ...]) -> VideoFrame:
    out, depth = source.like(), pixel_format(source.format).depth
    share = weight(2.0 * min(progress, 1.0 - progress), depth)
    for target, plane, code in zip(out.planes, source.planes, color, strict=True):
        target[...] = mix_plane(plane, np.asarray(code, plane.dtype), share, depth)
    return out


def shares(progress: float) -> tuple[float, float]:
    """Shares of the outgoing and the incoming picture in a quick fade."""
    left = 1.0 - progress
    sunk, risen = smoothstep(1.0 - _PHASE, 1.0, left), 1.0 - smoothstep(_PHASE, 1.0, left)
    return left * float(sunk), progress * float(risen)
