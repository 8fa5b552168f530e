"""@TITLE@."""

from __future__ import annotations

import numpy as np
from kadr_sdk.audio_effects import AudioCall
from kadr_sdk.frames import AudioBlock

__all__ = ["Effect"]


class Effect:
    """A tone with corners. Samples are counted from the start of the clip."""

    def process(self, call: AudioCall) -> AudioBlock:
        """The sound of a block."""
        period, level = call.values["period"], np.float32(call.values["level"])
        places = np.arange(call.first, call.first + call.count) % period
        wave = np.where(2 * places < period, level, -level).astype(np.float32)
        return AudioBlock(np.repeat(wave[None], call.channels, axis=0), call.rate, call.first, call.layout)

    def reset(self) -> None:
        """Nothing is remembered from block to block."""
