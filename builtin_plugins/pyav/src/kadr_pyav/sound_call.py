"""The stage that calls an effect on sound in Python, or a guest, block by block."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from kadr_sdk.audio_effects import SOUND_BLOCK, AudioCall
from kadr_sdk.curves import Samples as Values
from kadr_sdk.errors import KadrError, RenderError
from kadr_sdk.frames import AudioBlock
from kadr_sdk.plan import AudioPlan, SoundCall

from kadr_pyav.sound import Samples, Stream, channels_of

if TYPE_CHECKING:
    from kadr_sdk.backend import RenderContext

__all__ = ["SoundStage"]


class SoundStage:
    """One clip's use of an effect: a copy of it, reset, asked for blocks in order."""

    def __init__(self, node: SoundCall, plan: AudioPlan, context: RenderContext) -> None:
        self._node, self._plan, self._context = node, plan, context
        self._channels = channels_of(plan.layout)
        self._effect = copy.copy(context.effect("audio_effect", node.effect))

    def run(self, source: Stream | None) -> Iterator[Samples]:
        """Sound without end, from the clip's first sample on; the effect's latency is taken back.

        Args:
            source: what comes in; None for a generator.
        """
        self._effect.reset()
        late = self._node.latency
        try:
            for number in count():
                self._context.check()
                made = self._block(number, source)
                dropped = min(late, SOUND_BLOCK)
                late -= dropped
                if dropped < SOUND_BLOCK:
                    yield made[:, dropped:]
        finally:
            if source is not None:
                source.close()

    def _block(self, number: int, source: Stream | None) -> Samples:
        call = self._call(number, source)
        try:
            made = self._effect.process(call)
        except KadrError:
            raise
        except Exception as error:  # a stranger's code may raise anything
            raise self._error(call, f"failed: {type(error).__name__}: {error}") from error
        samples = getattr(made, "samples", None)
        shape = getattr(samples, "shape", None)
        if shape != (self._channels, SOUND_BLOCK):
            wanted = f"{(self._channels, SOUND_BLOCK)} was asked for"
            raise self._error(call, f"gave samples of shape {shape} where {wanted}")
        return np.array(samples, np.float32)

    def _call(self, number: int, source: Stream | None) -> AudioCall:
        node, plan, first = self._node, self._plan, number * SOUND_BLOCK
        inputs = []
        if source is not None:
            inputs.append(AudioBlock(source.read(SOUND_BLOCK), plan.rate, first, plan.layout))
        values: Mapping[str, Any] = {name: _at(value, number) for name, value in node.values}
        return AudioCall(
            inputs, values, first, SOUND_BLOCK, plan.rate, plan.layout, self._channels, node.total, node.seed
        )

    def _error(self, call: AudioCall, what: str) -> RenderError:
        effect = self._node.effect
        return RenderError(
            f"the effect {effect} {what} at {call.first / call.rate:.3f} s of its clip",
            hint=f"remove or replace the effect {effect}, or report this to its author",
            effect=effect,
        )


def _at(value: object, number: int) -> object:
    return value.values[min(number, len(value.values) - 1)] if isinstance(value, Values) else value
