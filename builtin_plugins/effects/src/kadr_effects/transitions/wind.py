"""Wind: the outgoing clip is blown away line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kadr_sdk.effects import FrameCall

from kadr_effects.chance import chances
from kadr_effects.masks import Field, Masked, smoothstep

if TYPE_CHECKING:
    from kadr_effects.masks import Mask

__all__ = ["Wind"]

_REACH, _EDGE = 0.2, 0.2


class Wind(Masked):
    """Every line has a start of its own, from the transition's seed (``xfade``: ``hlwind`` and so on)."""

    def incoming(self, field: Field, call: FrameCall) -> Mask:
        """A cubic along the direction, shifted by chance."""
        direction = str(call.values["direction"])
        level = direction in ("left", "right")
        lines = field.height if level else field.width
        start = chances(call.seed, 0, (lines, 1) if level else (1, lines)) / 2.0**32
        way = (1.0 - field.toward(direction)) * (1.0 - _REACH) + _REACH * start
        mask: Mask = smoothstep(0.0, 1.0, (field.done * (1.0 + _EDGE) - way) / _EDGE)
        return mask
