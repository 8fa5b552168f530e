"""Doors: the picture opens from its middle line, or closes over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from kadr_sdk.effects import FrameCall

from kadr_effects.masks import Field, Masked, smoothstep

if TYPE_CHECKING:
    from kadr_effects.masks import Mask

__all__ = ["Doors"]


class Doors(Masked):
    """Two soft edges (``xfade``: ``vertopen``, ``vertclose``, ``horzopen``, ``horzclose``)."""

    def incoming(self, field: Field, call: FrameCall) -> Mask:
        """A cubic of the distance from the middle line."""
        upright = call.values["line"] == "vertical"
        place, half = (field.x, field.width / 2) if upright else (field.y, field.height / 2)
        away = np.abs((place - half) / half)
        start = -away if call.values["motion"] == "open" else away - 1.0
        mask: Mask = smoothstep(0.0, 1.0, start + 2.0 * field.done)
        return mask
