"""@TITLE@."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kadr_sdk.effects import FrameCall

__all__ = ["Effect"]


class Effect:
    """How many pixels are brighter than a level: one row of JSON a frame."""

    def measure(self, call: FrameCall) -> Mapping[str, Any]:
        """What is to be said of a frame."""
        luma = call.inputs[0][0].planes[0]
        return {"brighter": int((luma > call.values["level"]).sum()), "pixels": int(luma.size)}

    def reset(self) -> None:
        """Nothing is remembered from frame to frame."""
