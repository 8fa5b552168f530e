"""Numbers about a guest, for metrics and for its user."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field

__all__ = ["Counters"]


@dataclass(slots=True)
class _Numbers:
    calls: int = 0
    traps: int = 0
    deadlines: int = 0
    violations: int = 0
    refusals: int = 0
    instances: int = 0
    seconds: float = 0.0
    peak_memory: int = 0


_OF_KIND = {"trap": "traps", "stack": "traps", "deadline": "deadlines", "status": "refusals"}


@dataclass(slots=True)
class Counters:
    """Thread-safe.

    ``calls`` frames made, ``traps``, ``deadlines`` passed, ``violations`` of the ABI or of a limit,
    ``refusals`` (the guest said that it failed), ``instances`` made, ``seconds`` in the guest and
    moving frames, ``peak_memory`` in bytes of one instance.
    """

    _numbers: _Numbers = field(default_factory=_Numbers)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def called(self, seconds: float, memory: int) -> None:
        """Count a frame."""
        with self._lock:
            self._numbers.calls += 1
            self._numbers.seconds += seconds
            self._numbers.peak_memory = max(self._numbers.peak_memory, memory)

    def started(self) -> None:
        """Count an instance."""
        with self._lock:
            self._numbers.instances += 1

    def failed(self, kind: str) -> None:
        """Count a failure by its kind."""
        name = _OF_KIND.get(kind, "violations")
        with self._lock:
            setattr(self._numbers, name, getattr(self._numbers, name) + 1)

    def row(self) -> dict[str, float]:
        """The numbers now."""
        with self._lock:
            return asdict(self._numbers)
