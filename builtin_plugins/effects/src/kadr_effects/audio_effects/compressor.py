"""Compressor: what is louder than a threshold is turned down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kadr_sdk.effects import FilterSpec

from kadr_effects.sound import factor

__all__ = ["Compressor"]


class Compressor:
    """By the loudest channel's peaks: of each decibel above the threshold ``1 / ratio`` is left."""

    def sound_filters(self, values: Mapping[str, Any], rate: int, layout: str) -> Sequence[FilterSpec]:  # noqa: ARG002 - the same everywhere
        """``acompressor`` without a knee."""
        options = {
            "threshold": factor(float(values["threshold"])),
            "ratio": float(values["ratio"]),
            "attack": float(values["attack"]),
            "release": float(values["release"]),
            "makeup": factor(float(values["makeup"])),
        }
        return [FilterSpec.of("acompressor", **options, knee=1, detection="peak", link="maximum")]
