"""Diagonal wipe: a soft curved edge runs into a corner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kadr_sdk.effects import FrameCall

from kadr_effects.masks import Field, Masked, smoothstep
from kadr_effects.transitions.corner import toward_corner

if TYPE_CHECKING:
    from kadr_effects.masks import Mask

__all__ = ["Diagonal"]


class Diagonal(Masked):
    """The edge is a hyperbola (``xfade``: ``diagtl`` and so on)."""

    def incoming(self, field: Field, call: FrameCall) -> Mask:
        """A cubic of the product of both ways."""
        across, down = toward_corner(field, str(call.values["direction"]))
        mask: Mask = smoothstep(0.0, 1.0, across * down - 1.0 + 2.0 * field.done)
        return mask
