"""Circle: the next clip opens out of the centre, or closes in from the corners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kadr_sdk.effects import FrameCall

from kadr_effects.masks import Field, Masked, smoothstep

if TYPE_CHECKING:
    from kadr_effects.masks import Mask

__all__ = ["Circle"]


class Circle(Masked):
    """A ring of soft edge (``xfade``: ``circleopen``, ``circleclose``)."""

    def incoming(self, field: Field, call: FrameCall) -> Mask:
        """A cubic of the distance from the centre."""
        away = field.radius() / field.reach
        if call.values["motion"] == "open":
            return 1.0 - _edge(away + 3.0 * (0.5 - field.done))
        return _edge(away + 3.0 * (field.done - 0.5))


def _edge(value: Mask) -> Mask:
    mask: Mask = smoothstep(0.0, 1.0, value)
    return mask
