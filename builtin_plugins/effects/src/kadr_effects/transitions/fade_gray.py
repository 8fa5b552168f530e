"""Fade through grey: colours go out, the clips change over, colours come back."""

from __future__ import annotations

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.levels import levels
from kadr_effects.masks import copied
from kadr_effects.mixing import mix_plane, mix_three, weight
from kadr_effects.transitions.fade_color import shares

__all__ = ["FadeGray"]


class FadeGray:
    """Light dissolves evenly, colour sinks within a fifth of the way (``xfade``: ``fadegrays``)."""

    def frame(self, call: FrameCall) -> VideoFrame:
        """Chroma through its middle."""
        if (whole := copied(call)) is not None:
            return whole
        outgoing, incoming = call.inputs[0][0], call.inputs[1][0]
        out, depth = outgoing.like(), pixel_format(outgoing.format).depth
        middle = levels(outgoing.format, outgoing.color).middle
        for number, target in enumerate(out.planes):
            a, b = outgoing.planes[number], incoming.planes[number]
            if number in (1, 2):
                target[...] = mix_three(a, b, middle, shares(call.progress), depth)
            else:
                target[...] = mix_plane(a, b, weight(call.progress, depth), depth)
        return out
