"""A clock that moves only when told to."""

from __future__ import annotations

__all__ = ["FakeClock"]


class FakeClock:
    """Satisfies :class:`kadr_sdk.services.Clock`; seconds."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def monotonic(self) -> float:
        """Seconds since the start of the test."""
        return self._now

    def now(self) -> float:
        """The same as seconds since 1970-01-01 UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            ValueError: time does not run backwards.
        """
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._now += seconds
