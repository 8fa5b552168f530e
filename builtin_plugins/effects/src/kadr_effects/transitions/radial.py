"""Radial wipe: the next clip turns in as the hand of a clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from kadr_sdk.effects import FrameCall

from kadr_effects.masks import Field, Masked, smoothstep

if TYPE_CHECKING:
    from kadr_effects.masks import Mask

__all__ = ["Radial"]

_ARC = (-0.0117212, 0.05265332, -0.11643287, 0.19354346, -0.33262347, 0.99997726)


class Radial(Masked):
    """A soft edge of one radian that starts upwards and turns clockwise (``xfade``: ``radial``)."""

    def incoming(self, field: Field, call: FrameCall) -> Mask:  # noqa: ARG002 - no parameters
        """A cubic of the angle."""
        angle = _angle(field.x - field.width // 2, field.y - field.height // 2)
        mask: Mask = smoothstep(0.0, 1.0, angle + (field.done - 0.5) * (np.pi * 2.5))
        return mask


def _angle(x: Mask, y: Mask) -> Mask:
    """``atan2(x, y)`` by sums and products alone, the same on every processor.

    C. Hastings, "Approximations for Digital Computers" (1955), sheet 11: within 1e-5 radian.
    """
    across, down = np.abs(x), np.abs(y)
    long = np.maximum(np.maximum(across, down), 1.0)
    ratio = np.minimum(across, down) / long
    square, angle = ratio * ratio, 0.0 * ratio
    for factor in _ARC:
        angle = angle * square + factor
    angle = angle * ratio
    angle = np.where(across > down, np.pi / 2 - angle, angle)
    angle = np.where(y < 0, np.pi - angle, angle)
    return np.where(x < 0, -angle, angle)
