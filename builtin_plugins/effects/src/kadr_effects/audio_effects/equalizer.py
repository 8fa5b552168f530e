"""Equalizer: bass, a band in the middle, treble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kadr_sdk.effects import FilterSpec

from kadr_effects.sound import biquad

__all__ = ["Equalizer"]

_BASS, _TREBLE, _SHELF = 100.0, 8000.0, 0.5**0.5


class Equalizer:
    """Low shelf at 100 Hz, a bell, high shelf at 8 kHz; a gain of 0 dB lets every bit through."""

    def sound_filters(self, values: Mapping[str, Any], rate: int, layout: str) -> Sequence[FilterSpec]:  # noqa: ARG002 - the same for every channel
        """Three second-order filters, always the same so that gains can move."""
        bell = float(values["frequency"]), float(values["q"])
        bands = [
            ("lowshelf", _BASS, _SHELF, float(values["bass"])),
            ("equalizer", *bell, float(values["gain"])),
            ("highshelf", _TREBLE, _SHELF, float(values["treble"])),
        ]
        return [biquad(name, f, q, rate, gain) for name, f, q, gain in bands]
