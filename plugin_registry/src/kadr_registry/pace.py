"""Limits of what a server may cost: a deadline for the whole, a rate for each file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from kadr_sdk.errors import TimeoutExceededError

__all__ = ["Limits", "Pace"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What fetching may cost.

    Attributes:
        deadline: seconds for one operation (a refresh, one blob), whatever it transfers.
        blob_rate: slowest rate that a large blob's deadline is reckoned with, bytes a second.
        rate: bytes a second that a file must come with on average, once ``grace`` is over.
        grace: seconds before the rate counts.
        idle: seconds without a byte.
    """

    deadline: float = 60.0
    blob_rate: float = 64 * 1024
    rate: float = 1024.0
    grace: float = 5.0
    idle: float = 10.0

    def for_size(self, size: int) -> float:
        """Seconds for a file of so many bytes."""
        return self.deadline + size / self.blob_rate


class Pace:
    """Watches one operation.

    Args:
        seconds: total time it may take; None: the limits' deadline.
    """

    def __init__(
        self, limits: Limits, seconds: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limits = limits
        self._clock = clock
        self._end = clock() + (limits.deadline if seconds is None else seconds)
        self._began = clock()
        self._received = 0

    def begin(self) -> None:
        """A new file begins."""
        self._began, self._received = self._clock(), 0

    def left(self) -> float:
        """Seconds until the deadline.

        Raises:
            TimeoutExceededError: it is over.
        """
        if (left := self._end - self._clock()) <= 0:
            raise TimeoutExceededError("the registry did not deliver in time", hint="try again later")
        return left

    def received(self, count: int) -> None:
        """Count bytes of the current file.

        Raises:
            TimeoutExceededError: the deadline is over, or the file comes too slowly.
        """
        self.left()
        self._received += count
        elapsed = self._clock() - self._began
        if elapsed > self.limits.grace and self._received < elapsed * self.limits.rate:
            text = f"the registry sends less than {self.limits.rate:g} bytes a second"
            raise TimeoutExceededError(text, hint="try again later, or another mirror")
