"""Health: every live service is pinged, the worst answer wins, silence is an answer too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["STATUSES", "HealthRow", "Pinger", "overall"]

STATUSES = ("healthy", "warning", "unhealthy")
"""From best to worst."""


@dataclass(frozen=True, slots=True)
class HealthRow:
    """How one service is."""

    name: str
    status: str
    message: str = ""

    def as_dict(self) -> dict[str, str]:
        """The row as JSON-ready data."""
        return {"name": self.name, "status": self.status, "message": self.message}


def overall(rows: Iterable[HealthRow]) -> str:
    """The worst status; ``healthy`` where there are no rows."""
    return max((row.status for row in rows), key=STATUSES.index, default=STATUSES[0])


@dataclass(slots=True)
class _Ping:
    name: str
    answer: object = None
    error: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def run(self, ask: Callable[[], object]) -> None:
        try:
            self.answer = ask()
        except Exception as error:  # noqa: BLE001 - whatever a ping raises is its answer
            self.error = error
        finally:
            self.done.set()

    def row(self) -> HealthRow:
        if self.error is not None:
            return HealthRow(self.name, "unhealthy", f"{type(self.error).__name__}: {self.error}")
        return _read(self.name, self.answer)


class Pinger:
    """Asks at the same time, in threads that nobody waits for longer than the limit.

    A service that has not answered the last time is not asked again, so a hanging one
    costs one thread however often it is asked.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._silent: dict[str, _Ping] = {}

    def ask(self, asks: Mapping[str, Callable[[], object]], limit: float = 1.0) -> list[HealthRow]:
        """One row for each, the worst first; ``limit`` in seconds for all of them together.

        A ping answers None (healthy), a status, or (status, message).
        """
        pings = [self._begin(name, ask) for name, ask in asks.items()]
        end = time.monotonic() + limit
        rows = [self._row(ping, end, limit) for ping in pings]
        return sorted(rows, key=lambda row: (-STATUSES.index(row.status), row.name))

    def _begin(self, name: str, ask: Callable[[], object]) -> _Ping:
        with self._lock:
            ping = self._silent.get(name)
            if ping is not None and not ping.done.is_set():
                return ping
            ping = self._silent[name] = _Ping(name)
        threading.Thread(target=ping.run, args=(ask,), name=f"kadr-health-{name}", daemon=True).start()
        return ping

    def _row(self, ping: _Ping, end: float, limit: float) -> HealthRow:
        if not ping.done.wait(max(0.0, end - time.monotonic())):
            return HealthRow(ping.name, "unhealthy", f"no answer within {limit:g} s")
        with self._lock:
            if self._silent.get(ping.name) is ping:
                del self._silent[ping.name]
        return ping.row()


def _read(name: str, answer: object) -> HealthRow:
    if answer is None:
        return HealthRow(name, STATUSES[0])
    status, message = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, "")
    if status not in STATUSES:
        return HealthRow(name, "unhealthy", f"the ping answered {answer!r}, not one of {', '.join(STATUSES)}")
    return HealthRow(name, str(status), str(message))
