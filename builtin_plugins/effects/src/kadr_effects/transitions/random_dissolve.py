"""Random dissolve: pixels change over one by one, in no order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from kadr_sdk.effects import FrameCall

from kadr_effects.chance import chances
from kadr_effects.masks import Field, Masked

if TYPE_CHECKING:
    from kadr_effects.masks import Mask

__all__ = ["RandomDissolve"]


class RandomDissolve(Masked):
    """Each pixel, with its colour, has a moment of its own, from the transition's seed."""

    def incoming(self, field: Field, call: FrameCall) -> Mask:
        """One where the moment has passed."""
        moment = chances(call.seed, 0, (field.height, field.width))
        return np.where(moment < field.done * 2.0**32, 1.0, 0.0)
