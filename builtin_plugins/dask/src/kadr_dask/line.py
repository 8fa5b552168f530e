"""Segments that wait for a worker, and how many of them go to one at a time.

A chunk is as much as a worker makes in a second, by what a unit of work has taken so far: then
handing it out costs about a hundredth of it, and a lost worker about a second. Work that takes
longer goes one by one. Towards the end chunks become smaller, as in guided self-scheduling
(Polychronopoulos and Kuck, 1987): none takes more than half of a worker's share of what waits.
"""

from __future__ import annotations

import contextlib
import math
import statistics
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from kadr_sdk.execution import PartTask

from kadr_dask.worker import Answer

__all__ = ["Chunk", "Line", "Piece"]

_CHUNK = 1.0  # seconds of work
_AHEAD = 24  # segments that may wait for each worker, so that there is something to chunk ...
_MOST = 128  # ... while all together are no more: each is a thread, and an open file of the cache
_KNOWN = 64  # measurements, the last ones
_SLOW = 4.0  # times slower than usual ...
_SLOW_SECONDS = 20.0  # ... and so many seconds: tried elsewhere too


@dataclass(slots=True, eq=False)
class Piece:
    """One segment on its way.

    Attributes:
        key: names it in what workers tell.
        alone: it may have ended a worker, so that nothing else goes with it.
        stirred: something has happened to it.
        frames: that are made, as far as is known.
        chunk: that it was handed out in.
    """

    task: PartTask
    key: str
    alone: bool = False
    stirred: threading.Event = field(default_factory=threading.Event)
    frames: int = 0
    chunk: Chunk | None = None
    answer: Answer | None = None
    error: BaseException | None = None

    @property
    def settled(self) -> bool:
        """Nothing more is to be expected of a worker."""
        return self.answer is not None or self.error is not None

    @property
    def cost(self) -> float:
        """In the unit of all; never nothing."""
        return max(self.task.cost, 1.0)

    def settle(self, answer: Answer | None = None, error: BaseException | None = None) -> None:
        """The first word counts."""
        if not self.settled:
            self.answer, self.error = answer, error
            self.stirred.set()


@dataclass(slots=True, eq=False)
class Chunk:
    """Pieces that one worker makes one after the other.

    Attributes:
        began: when it was handed out, on the monotonic clock.
        futures: of the library; a second one where it was tried elsewhere too.
        over: it has given its worker free.
    """

    pieces: tuple[Piece, ...]
    began: float
    futures: list[Any] = field(default_factory=list)
    over: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def left(self) -> tuple[Piece, ...]:
        """Those that are not settled."""
        return tuple(piece for piece in self.pieces if not piece.settled)

    def stir(self) -> None:
        """Something has happened to it."""
        for piece in self.pieces:
            piece.stirred.set()


class Line:
    """Safe to use from any thread.

    Args:
        workers: chunks that may be out at once.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._lock = threading.Lock()
        self._waiting: deque[Piece] = deque()
        self._out = 0
        self._paces: deque[float] = deque(maxlen=_KNOWN)

    @property
    def slots(self) -> int:
        """Pieces that are of use at once: at work, and waiting."""
        return max(self.workers, min(self.workers * _AHEAD, _MOST))

    def put(self, pieces: Iterable[Piece]) -> None:
        """They wait."""
        with self._lock:
            self._waiting.extend(pieces)

    def take(self) -> tuple[Piece, ...]:
        """What goes to a worker next; nothing where none waits or no worker is free."""
        with self._lock:
            if not self._waiting or self._out >= self.workers:
                return ()
            self._out += 1
            room = self._room()
            taken = [self._waiting.popleft()]
            room -= taken[0].cost
            while self._waiting and not taken[0].alone and not self._waiting[0].alone:
                room -= self._waiting[0].cost
                if room < 0:
                    break
                taken.append(self._waiting.popleft())
            return tuple(taken)

    def free(self) -> None:
        """A worker is done with its chunk."""
        with self._lock:
            self._out -= 1

    def leave(self, piece: Piece) -> None:
        """It waits no more, if it does."""
        with self._lock, contextlib.suppress(ValueError):
            self._waiting.remove(piece)

    def note(self, piece: Piece, seconds: float) -> None:
        """A piece took a worker so long."""
        with self._lock:
            self._paces.append(seconds / piece.cost)

    def is_slow(self, pieces: Iterable[Piece], seconds: float) -> bool:
        """Far behind what others took for as much work, while a worker has nothing to do."""
        with self._lock:
            if len(self._paces) < 2 or seconds < _SLOW_SECONDS or self._out >= self.workers:
                return False
            usual = statistics.median(self._paces) * sum(piece.cost for piece in pieces)
            return seconds > _SLOW * usual

    def _room(self) -> float:
        """Work for a chunk; none before anything is known, so that the first are single."""
        if not self._paces:
            return 0.0
        share = math.fsum(piece.cost for piece in self._waiting) / (2 * self.workers)
        pace = statistics.median(self._paces)
        return min(_CHUNK / pace, share) if pace > 0 else share
