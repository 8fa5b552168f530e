"""A guest and its use in a job."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kadr_sdk.effects import EffectDeclaration
from kadr_sdk.errors import InternalError

from kadr_kernel.sandbox.analyzer import GuestAnalyzer
from kadr_kernel.sandbox.breaker import Breaker
from kadr_kernel.sandbox.counters import Counters
from kadr_kernel.sandbox.files import Files
from kadr_kernel.sandbox.host_calls import HostCalls, PluginHost
from kadr_kernel.sandbox.instance import Instance
from kadr_kernel.sandbox.layout import Layout
from kadr_kernel.sandbox.machine import Code
from kadr_kernel.sandbox.picture_effect import GuestEffect
from kadr_kernel.sandbox.pool import Pool
from kadr_kernel.sandbox.sound_effect import GuestSound

__all__ = ["ON_FAILURE", "CoreGuest", "GuestUse"]

ON_FAILURE = ("fail", "skip", "hold")
"""What a render does where a guest fails: stop, show the input, or show the last good picture."""
_Shape = type[GuestAnalyzer] | type[GuestEffect] | type[GuestSound]
_SHAPES: dict[str, _Shape] = {
    "analyzer": GuestAnalyzer,
    "audio_filter": GuestSound,
    "audio_generator": GuestSound,
}


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

    def check(self, values: Mapping[str, Any]) -> None:
        """Refuse values before the first frame: files that a guest is not given.

        Raises:
            MediaFileError: a file cannot be read, or is too large.
        """
        for name in (p.name for p in self.declaration.params if p.type == "file" and values[p.name]):
            Files(self.code.limits.file_bytes).check(str(values[name]))

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
        self.files = Files(guest.code.limits.file_bytes)
        self._lock = threading.Lock()
        self._pools: list[Pool] = []
        self._shared = self._new_pool()

    @property
    def named(self) -> str:
        """Effect and plugin, for messages."""
        return f"the effect {self.guest.declaration.id} of plugin {self.guest.plugin}"

    def effect(self, warn: Callable[[str, str, str], object]) -> GuestEffect | GuestSound | GuestAnalyzer:
        """The effect as one part of the job uses it, by the kind that was declared.

        Args:
            warn: takes message, path and hint, for everything that is not the guest's.
        """
        return _SHAPES.get(self.guest.declaration.kind, GuestEffect)(self, warn)

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
