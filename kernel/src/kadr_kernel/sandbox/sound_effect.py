"""A guest as an effect on sound, or as a generator of sound."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from kadr_sdk.audio_effects import AudioCall
from kadr_sdk.frames import AudioBlock

from kadr_kernel.sandbox.caller import Caller
from kadr_kernel.sandbox.faults import GuestError
from kadr_kernel.sandbox.picture_effect import HINT, failure

if TYPE_CHECKING:
    from kadr_kernel.sandbox.guest import GuestUse

__all__ = ["GuestSound"]


class GuestSound:
    """An :class:`~kadr_sdk.audio_effects.AudioEffect` that a guest carries out.

    Where a block fails and the policy is not to stop, it passes as it came in; what a generator
    does not make is silence.
    """

    def __init__(self, use: GuestUse, warn: Callable[[str, str, str], object]) -> None:
        self._use = use
        self._warn = warn
        self._caller = Caller(use)

    def process(self, call: AudioCall) -> AudioBlock:
        """The guest's sound.

        Raises:
            RenderError: it failed and the policy is to stop; names plugin, effect and place.
        """
        try:
            return self._caller.call(call, lambda instance: instance.block(call))
        except GuestError as error:
            if self._use.on_failure == "fail":
                where = f"at {call.first / call.rate:.3f} s of its clip"
                raise failure(self._use, where, error, sample=call.first) from error
        self._use.counters.replaced()
        text = f"{self._use.named} failed and was left out"
        self._warn(text, self._use.guest.declaration.id, HINT)
        if call.inputs:
            return call.inputs[0]
        samples = np.zeros((call.channels, call.count), np.float32)
        return AudioBlock(samples, call.rate, call.first, call.layout)

    def reset(self) -> None:
        """Forget what was heard."""
        self._caller.reset()

    def __copy__(self) -> GuestSound:
        """Each clip has a copy: with an instance of its own where the guest remembers."""
        return GuestSound(self._use, self._warn)
