"""Limiter: no sample is louder than a ceiling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kadr_sdk.effects import FilterSpec

from kadr_effects.sound import factor

__all__ = ["Limiter"]


class Limiter:
    """Looks ahead by the attack, so that peaks are turned down, not cut; the delay is taken back."""

    def sound_filters(self, values: Mapping[str, Any], rate: int, layout: str) -> Sequence[FilterSpec]:  # noqa: ARG002 - the same everywhere
        """``alimiter``, which is told neither to raise the level nor to delay."""
        options = {
            "limit": factor(float(values["ceiling"])),
            "attack": float(values["attack"]),
            "release": float(values["release"]),
        }
        return [FilterSpec.of("alimiter", **options, level=False, latency=True)]
