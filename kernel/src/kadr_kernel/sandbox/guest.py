"""A guest and its use in a job: an effect like any other, with a policy for its failures."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kadr_sdk.effects import EffectDeclaration, FrameCall
from kadr_sdk.errors import InternalError, RenderError
from kadr_sdk.frames import VideoFrame

from kadr_kernel.sandbox.breaker import Breaker
from kadr_kernel.sandbox.counters import Counters
from kadr_kernel.sandbox.faults import GuestError
from kadr_kernel.sandbox.host_calls import HostCalls, PluginHost
from kadr_kernel.sandbox.instance import Instance
from kadr_kernel.sandbox.layout import Layout, layout_of
from kadr_kernel.sandbox.machine import Code
from kadr_kernel.sandbox.pool import Pool
from kadr_kernel.sandbox.values import Packed, pack_values, room_for

__all__ = ["ON_FAILURE", "CoreGuest", "GuestEffect", "GuestUse"]

ON_FAILURE = ("fail", "skip", "hold")
"""What a render does where a guest fails: stop, show the input, or show the last good picture."""
_FATAL = ("deadline",)
_MARKED = {"skip": "left out", "hold": "held at its last picture"}
Warn = Callable[[str, str, str], object]


@dataclass(frozen=True, slots=True)
class CoreGuest:
    """A compiled guest of a plugin; shared by all jobs.

    Attributes:
        digest: sha256 of the module as it was read, and of the settings where it reads them; in
            the hash of every frame.
        host: what its host functions work with.
        done: takes the numbers of a job that is over.
    """

    plugin: str
    declaration: EffectDeclaration
    digest: str
    code: Code
    host: PluginHost
    done: Callable[[CoreGuest, Mapping[str, float]], object]
    counters: Counters = field(default_factory=Counters)

    def bind(self, on_failure: str, cancelled: Callable[[], bool] = lambda: False) -> GuestUse:
        """The guest for one job; close it with the job, so that no other sees its frames.

        Args:
            on_failure: one of :data:`ON_FAILURE`.
            cancelled: whether the job is.
        """
        if on_failure not in ON_FAILURE:
            raise InternalError(f"{on_failure!r} is not one of {', '.join(ON_FAILURE)}")
        return GuestUse(self, on_failure, cancelled)


class GuestUse:
    """What the parts of a job share of a guest: instances, breaker, policy and numbers."""

    def __init__(self, guest: CoreGuest, on_failure: str, cancelled: Callable[[], bool]) -> None:
        self.guest = guest
        self.counters = Counters(guest.counters)
        self._host = HostCalls(guest.host, guest.declaration.id, self.counters, cancelled)
        self._closed = False
        self.on_failure = on_failure
        self.breaker = Breaker()
        self.sequential = guest.declaration.state == "sequential"
        self._lock = threading.Lock()
        self._pools: list[Pool] = []
        self._shared = self._new_pool()

    def effect(self, warn: Warn) -> GuestEffect:
        """The effect as one part of the job uses it.

        Args:
            warn: takes message, path and hint, for every picture that is not the guest's.
        """
        return GuestEffect(self, warn)

    def pool(self) -> Pool:
        """Instances: the same for all where the guest is stateless, else for one use alone."""
        return self._new_pool() if self.sequential else self._shared

    def numbers(self) -> Mapping[str, float]:
        """What the guest did in this job so far."""
        return self.counters.row()

    def close(self) -> None:
        """Drop all instances, and hand the numbers on."""
        with self._lock:
            closed, self._closed = self._closed, True
            for pool in self._pools:
                pool.close()
        if not closed:
            self._host.close()
            self.guest.done(self.guest, self.counters.row())

    def _new_pool(self) -> Pool:
        pool = Pool(self._make, self.guest.code.limits.idle)
        with self._lock:
            self._pools.append(pool)
        return pool

    def _make(self, layout: Layout) -> Instance:
        self.counters.started()
        return Instance(self.guest.code, layout, self._host)


class GuestEffect:
    """A :class:`~kadr_sdk.effects.FrameEffect` that a guest carries out. Thread-safe where stateless.

    A failed frame is tried once more in a fresh instance, unless it ran out of time, or holds
    what it saw before. Then the breaker opens, and the policy decides what is shown.
    """

    def __init__(self, use: GuestUse, warn: Warn) -> None:
        self._use = use
        self._guest = use.guest
        self._on_failure = use.on_failure
        self._breaker = use.breaker
        self._sequential = use.sequential
        self._warn = warn
        self._pool = use.pool()
        self._held = threading.local()
        self._lost = ""
        self._layout: Layout | None = None

    def frame(self, call: FrameCall) -> VideoFrame:
        """The guest's picture.

        Raises:
            RenderError: it failed and the policy is to stop; names plugin, effect and frame.
        """
        if self._lost:
            return self._instead(call, GuestError("trap", self._lost))
        if not self._breaker.allows():
            return self._instead(call, GuestError("trap", "it failed before and is left alone for a while"))
        try:
            picture = self._tried(call)
        except GuestError as error:
            self._breaker.open()
            return self._instead(call, error)
        self._breaker.succeeded()
        if self._on_failure == "hold":
            self._held.last = call.frame, picture
        return picture

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

    def __copy__(self) -> GuestEffect:
        """A sequential effect is copied for each of its uses: each with an instance of its own."""
        return self._use.effect(self._warn)

    # -- a frame -------------------------------------------------------------------------------

    def _tried(self, call: FrameCall) -> VideoFrame:
        try:
            return self._once(call)
        except GuestError as error:
            if not error.broken or error.kind in _FATAL or not self._breaker.stumbled():
                raise
            if self._sequential:
                self._lost = f"{error}, and with it what it remembered of the frames before"
                raise
        return self._once(call)

    def _once(self, call: FrameCall) -> VideoFrame:
        began = time.perf_counter()
        counters, params = self._use.counters, self._guest.declaration.params
        values = call.values

        def packed(at: int) -> Packed:
            return pack_values(params, values, at)

        limits = self._guest.code.limits
        layout = layout_of(self._guest.declaration, call, room_for(packed(0)[1]), limits.message_bytes)
        try:
            instance = self._taken(layout)
            try:
                picture = instance.run(call, packed)
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
        return picture

    def _taken(self, layout: Layout) -> Instance:
        self._layout = layout
        return self._pool.take(layout)

    # -- a failure -----------------------------------------------------------------------------

    def _instead(self, call: FrameCall, error: GuestError) -> VideoFrame:
        guest = self._guest
        named = f"the effect {guest.declaration.id} of plugin {guest.plugin}"
        picture = self._substitute(call)
        if picture is None:
            raise RenderError(
                f"{named} failed at frame {call.frame} of its clip: {error}",
                hint=f"remove the effect, or disable its plugin: kadr plugin disable {guest.plugin}",
                plugin=guest.plugin,
                effect=guest.declaration.id,
                frame=call.frame,
                kind=error.kind,
            ) from error
        self._use.counters.replaced()
        hint = "the result is marked and not cached; update or remove the plugin"
        self._warn(f"{named} failed and was {_MARKED[self._on_failure]}", guest.declaration.id, hint)
        return picture

    def _substitute(self, call: FrameCall) -> VideoFrame | None:
        if self._on_failure == "fail" or not call.inputs:
            return None
        if self._on_failure == "hold":
            number, picture = getattr(self._held, "last", (None, None))
            if picture is not None and number in (call.frame - 1, call.frame):
                self._held.last = call.frame, picture
                return _copied(picture, call)
        late = len(call.inputs) == 2 and call.progress >= 0.5
        window = call.inputs[1 if late else 0]
        now = 0 if self._sequential else self._guest.declaration.window[0]
        source = window[min(now, len(window) - 1)]
        same = (source.format, source.width, source.height) == (call.format, call.width, call.height)
        return _copied(source, call) if same else None


def _copied(picture: VideoFrame, call: FrameCall) -> VideoFrame:
    made = picture.copy()
    made.color = call.color
    return made
