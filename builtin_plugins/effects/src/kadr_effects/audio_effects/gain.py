"""Gain: louder or quieter by decibels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kadr_sdk.effects import FilterSpec

from kadr_effects.sound import factor

__all__ = ["Gain"]


class Gain:
    """A factor in double precision; nothing is cut."""

    def sound_filters(self, values: Mapping[str, Any], rate: int, layout: str) -> Sequence[FilterSpec]:  # noqa: ARG002 - the same everywhere
        """``volume``."""
        return [FilterSpec.of("volume", volume=factor(float(values["level"])), precision="double")]
