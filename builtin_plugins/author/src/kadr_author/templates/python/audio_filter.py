"""@TITLE@."""

from __future__ import annotations

import numpy as np
from kadr_sdk.audio_effects import AudioCall
from kadr_sdk.frames import AudioBlock

__all__ = ["Effect"]


class Effect:
    """The sound made louder or quieter. Sound comes in blocks, planar float32, full scale at 1."""

    def process(self, call: AudioCall) -> AudioBlock:
        """The sound of a block; the input is never written to."""
        made = call.inputs[0].samples * np.float32(call.values["gain"])
        return AudioBlock(made, call.rate, call.first, call.layout)

    def reset(self) -> None:
        """Nothing is remembered from block to block."""
