"""Slices: ten blinds open one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from kadr_sdk.effects import FrameCall

from kadr_effects.masks import Field, Masked, smoothstep

if TYPE_CHECKING:
    from kadr_effects.masks import Mask

__all__ = ["Slices"]


class Slices(Masked):
    """Hard edges; the blinds follow each other to ``direction`` (``xfade``: ``hlslice`` and so on)."""

    def incoming(self, field: Field, call: FrameCall) -> Mask:
        """One where a blind has opened."""
        place = field.toward(str(call.values["direction"]))
        opened = smoothstep(-0.5, 0.0, place - 1.5 * (1.0 - field.done))
        blinds = float(call.values["count"])
        return np.where(opened > blinds * place - np.floor(blinds * place), 1.0, 0.0)
