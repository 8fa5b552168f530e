"""Sound in a guest's memory: blocks of inputs and output, copied in and out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from kadr_sdk.audio_effects import AudioCall
from kadr_sdk.frames import AudioBlock

from kadr_kernel.sandbox.layout import SoundShape
from kadr_kernel.sandbox.machine import Machine

__all__ = ["Waves"]


class Waves:
    """The samples of one layout.

    Args:
        allocate: gives the guest's memory for so many bytes.
    """

    def __init__(self, shape: SoundShape, allocate: Callable[[int], int]) -> None:
        self._shape = shape
        self._pointers = [allocate(shape.size) for _ in range(shape.inputs + 1)]

    @property
    def blocks(self) -> Iterator[tuple[int, int]]:
        """Pointer and size of everything that was allocated."""
        return ((pointer, self._shape.size) for pointer in self._pointers)

    def put(self, machine: Machine, call: AudioCall, at: int) -> bytes:
        """Copy the inputs in, silence the output; the audio blocks, which will stand at ``at``."""
        shape = self._shape
        for block, pointer in zip(call.inputs, self._pointers, strict=False):  # the last is the output's
            shape.over(machine.room(pointer, shape.size), 0, call.count)[...] = block.samples
        machine.clear(self._pointers[-1], shape.size)
        machine.expect([(self._pointers[-1], shape.size)])
        return shape.blocks(self._pointers, at, call.first, call.count)

    def get(self, machine: Machine, call: AudioCall) -> AudioBlock:
        """The output, copied out; what is no number is silence."""
        found = machine.read([(self._pointers[-1], self._shape.size)])[0]
        samples = self._shape.over(found, 0, call.count).astype(np.float32)
        np.nan_to_num(samples, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        return AudioBlock(samples, call.rate, call.first, call.layout)
