"""The stretch of sound that an effect is planned for, and its node in Python or as a guest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from kadr_sdk.audio_effects import SOUND_BLOCK
from kadr_sdk.curves import Curve, Samples
from kadr_sdk.plan import SoundCall

if TYPE_CHECKING:
    from kadr_kernel.render.looks import Look

__all__ = ["SoundOrder"]


@dataclass(frozen=True, slots=True)
class SoundOrder:
    """A stretch of sound: of a clip, a track or the whole mix.

    Attributes:
        rate: samples a second of the mix.
        total: samples of the stretch, handles of transitions included.
        offset: samples from time 0 of keyframes to the first of them.
    """

    rate: int
    total: int
    offset: int

    def call(self, look: Look, digest: str) -> SoundCall:
        """The node: values sampled at the first sample of every block."""
        declaration = look.declaration
        return SoundCall(
            declaration.id,
            declaration.version,
            digest,
            tuple(sorted(self._sampled(look.values, declaration.latency + declaration.tail).items())),
            self.total,
            look.seed,
            declaration.latency,
            declaration.tail,
            0 if declaration.kind == "audio_generator" else 1,
            declaration.deterministic == "bit",
        )

    def _sampled(self, values: Mapping[str, Any], beyond: int) -> dict[str, Any]:
        blocks = -(-(self.total + beyond) // SOUND_BLOCK)
        return {name: self._one(value, blocks) for name, value in values.items()}

    def _one(self, value: object, blocks: int) -> object:
        if not isinstance(value, Curve):
            return value
        times = (Fraction(number * SOUND_BLOCK + self.offset, self.rate) for number in range(blocks))
        found = tuple(value.at(time) for time in times)
        return found[0] if all(v == found[0] for v in found) else Samples(found)
