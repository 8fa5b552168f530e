"""One call of a guest, tried: an instance taken, used, given back or thrown away."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from kadr_sdk.audio_effects import AudioCall
from kadr_sdk.effects import FrameCall

from kadr_kernel.sandbox.faults import GuestError
from kadr_kernel.sandbox.instance import Instance
from kadr_kernel.sandbox.layout import Layout, layout_of, sound_layout_of
from kadr_kernel.sandbox.values import Packed, pack_values, room_for

if TYPE_CHECKING:
    from kadr_kernel.sandbox.guest import GuestUse

__all__ = ["Caller"]

T = TypeVar("T")
_FATAL = ("deadline",)


class Caller:
    """Carries out the calls of one use of a guest. Thread-safe where the guest is stateless.

    A failed call is tried once more in a fresh instance, unless it ran out of time, or the guest
    holds what it saw before. Then the breaker opens.
    """

    def __init__(self, use: GuestUse) -> None:
        self._use = use
        self._guest = use.guest
        self._pool = use.pool()
        self._lost = ""
        self._layout: Layout | None = None

    def call(self, call: FrameCall | AudioCall, read: Callable[[Instance], T]) -> T:
        """What ``read`` finds in the instance after the call.

        Raises:
            GuestError: it failed, failed before and is left alone, or lost what it remembered.
        """
        breaker = self._use.breaker
        if self._lost:
            raise GuestError("trap", self._lost)
        if not breaker.allows():
            raise GuestError("trap", "it failed before and is left alone for a while")
        try:
            found = self._tried(call, read)
        except GuestError:
            breaker.open()
            raise
        breaker.succeeded()
        return found

    def reset(self) -> None:
        """Forget what was seen: by the guest's own function, or with a fresh instance."""
        self._lost = ""
        if self._layout is None:
            return
        instance = self._pool.take(self._layout)
        try:
            kept = instance.reset()
        except GuestError as error:
            self._use.counters.failed(error.kind)
            kept = False
        if kept:
            self._pool.give(instance)
        else:
            instance.close()

    def _tried(self, call: FrameCall | AudioCall, read: Callable[[Instance], T]) -> T:
        try:
            return self._once(call, read)
        except GuestError as error:
            if not error.broken or error.kind in _FATAL or not self._use.breaker.stumbled():
                raise
            if self._use.sequential:
                self._lost = f"{error}, and with it what it remembered of what came before"
                raise
        return self._once(call, read)

    def _once(self, call: FrameCall | AudioCall, read: Callable[[Instance], T]) -> T:
        counters, params = self._use.counters, self._guest.declaration.params
        values, files = call.values, self._use.files

        def packed(at: int) -> Packed:
            return pack_values(params, values, at, files)

        try:
            instance = self._taken(call, room_for(packed(0)[1]))
            began = time.perf_counter()  # a new instance is counted as one, and not as time of a frame
            try:
                instance.run(call, packed)
                found = read(instance)
            except GuestError as error:
                if error.broken:  # a trap leaves its stack and its memory as they were: nothing to go on with
                    instance.close()
                else:
                    self._pool.give(instance)
                raise
            except BaseException:
                instance.close()
                raise
        except GuestError as error:
            counters.failed(error.kind)
            raise
        counters.called(time.perf_counter() - began, instance.memory_bytes)
        self._pool.give(instance)
        return found

    def _taken(self, call: FrameCall | AudioCall, room: int) -> Instance:
        shape: Any = sound_layout_of if isinstance(call, AudioCall) else layout_of
        self._layout = shape(self._guest.declaration, call, room, self._guest.code.limits.message_bytes)
        return self._pool.take(self._layout)
