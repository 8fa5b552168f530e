"""Corner wipe: the outgoing clip shrinks into a corner, cut as a rectangle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from kadr_sdk.effects import FrameCall

from kadr_effects.masks import Field, Masked

if TYPE_CHECKING:
    from kadr_effects.masks import Mask

__all__ = ["Corner", "toward_corner"]


class Corner(Masked):
    """What is left of the outgoing clip is a rectangle in the corner (``xfade``: ``wipetl`` and so on)."""

    def incoming(self, field: Field, call: FrameCall) -> Mask:
        """One outside of the rectangle."""
        across, down = toward_corner(field, str(call.values["direction"]))
        left = 1.0 - field.done
        return np.where((across < left) & (down < left), 0.0, 1.0)


def toward_corner(field: Field, direction: str) -> tuple[Mask, Mask]:
    """Part of the way to a corner, across and down: 0 at its edges, below 1 at the others."""
    down, across = direction.split("_")
    return field.toward(across), field.toward("up" if down == "top" else "down")
