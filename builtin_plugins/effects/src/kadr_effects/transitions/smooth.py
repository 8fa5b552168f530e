"""Smooth wipe: a wide soft edge runs over the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kadr_sdk.effects import FrameCall

from kadr_effects.masks import Field, Masked, smoothstep

if TYPE_CHECKING:
    from kadr_effects.masks import Mask

__all__ = ["Smooth"]


class Smooth(Masked):
    """The edge is as wide as the picture. Formula: libavfilter's ``xfade``, ``smoothleft`` and so on."""

    def incoming(self, field: Field, call: FrameCall) -> Mask:
        """A cubic along the direction."""
        place = field.toward(str(call.values["direction"]))
        mask: Mask = smoothstep(0.0, 1.0, place - 1.0 + 2.0 * field.done)
        return mask
