"""Numbers about a guest, for metrics and for its user."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass

__all__ = ["Counters"]


@dataclass(slots=True)
class _Numbers:
    calls: int = 0
    traps: int = 0
    crashes: int = 0
    deadlines: int = 0
    violations: int = 0
    refusals: int = 0
    limited: int = 0
    replaced: int = 0
    instances: int = 0
    seconds: float = 0.0
    peak_memory: int = 0


_OF_KIND = {
    "trap": "traps",
    "stack": "traps",
    "crash": "crashes",
    "deadline": "deadlines",
    "status": "refusals",
    "limit": "limited",
}


class Counters:
    """Thread-safe.

    ``calls`` frames made, ``traps``, ``crashes`` of a process of its own, ``deadlines`` passed,
    ``violations`` of the ABI or of memory, ``refusals`` (the guest said that it failed), ``limited``
    host calls beyond what it may, ``replaced`` frames that were skipped or held, ``instances``
    made, ``seconds`` in the guest and moving frames, ``peak_memory`` in bytes of one instance.

    Args:
        whole: counts the same: a job's numbers are also its guest's.
    """

    def __init__(self, whole: Counters | None = None) -> None:
        self._whole = whole
        self._numbers = _Numbers()
        self._lock = threading.Lock()

    def called(self, seconds: float, memory: int) -> None:
        """Count a frame."""
        with self._lock:
            self._numbers.calls += 1
            self._numbers.seconds += seconds
            self._numbers.peak_memory = max(self._numbers.peak_memory, memory)
        if self._whole is not None:
            self._whole.called(seconds, memory)

    def started(self) -> None:
        """Count an instance."""
        self._add("instances")

    def replaced(self) -> None:
        """Count a frame that is not the guest's."""
        self._add("replaced")

    def failed(self, kind: str) -> None:
        """Count a failure by its kind."""
        self._add(_OF_KIND.get(kind, "violations"))

    def row(self) -> dict[str, float]:
        """The numbers now."""
        with self._lock:
            return asdict(self._numbers)

    def _add(self, name: str) -> None:
        with self._lock:
            setattr(self._numbers, name, getattr(self._numbers, name) + 1)
        if self._whole is not None:
            self._whole._add(name)
