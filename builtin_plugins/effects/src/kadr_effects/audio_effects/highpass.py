"""High pass: rumble and wind below a frequency go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kadr_sdk.effects import FilterSpec

from kadr_effects.sound import biquad

__all__ = ["Highpass"]


class Highpass:
    """Butterworth of second order: 3 dB down at the frequency, 12 dB an octave."""

    def sound_filters(self, values: Mapping[str, Any], rate: int, layout: str) -> Sequence[FilterSpec]:  # noqa: ARG002 - the same for every channel
        """One second-order filter."""
        return [biquad("highpass", float(values["frequency"]), 0.5**0.5, rate)]
