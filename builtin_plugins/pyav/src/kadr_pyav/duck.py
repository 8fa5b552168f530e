"""Ducking: how far a sound is turned down while others are loud."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain, count, islice, pairwise, repeat

import numpy as np
from kadr_sdk.plan import Duck

from kadr_pyav.envelope import Gain
from kadr_pyav.sound import Stream

__all__ = ["Gains", "duck_gains"]

_STEPS = 100  # a second
_BATCH = 50  # steps measured at once


class Gains:
    """Reads a number of gains at a time."""

    def __init__(self, pieces: Iterator[Gain]) -> None:
        self._pieces = pieces
        self._rest: Gain = np.zeros(0)

    def read(self, size: int) -> Gain:
        """The next gains, shape (size,)."""
        held, found = [self._rest], self._rest.size
        while found < size:
            held.append(next(self._pieces))
            found += held[-1].size
        whole = np.concatenate(held)
        self._rest = whole[size:]
        return whole[:size]


def duck_gains(duck: Duck, keys: Sequence[Stream], rate: int, total: int) -> Gains:
    """The gains of a bus over the samples of the mix, from the sound of the buses it listens to."""
    step = rate // _STEPS
    loud = chain(_loud(duck, keys, step, -(-total // step)), repeat(False))
    return Gains(_ramps(_levels(loud, duck), step))


def _loud(duck: Duck, keys: Sequence[Stream], step: int, steps: int) -> Iterator[bool]:
    """For each step whether its mean power, of the loudest channel, is above the threshold."""
    threshold = 10.0 ** (duck.threshold / 10.0)
    for first in range(0, steps, _BATCH):
        some = min(_BATCH, steps - first)
        total = np.sum([key.read(some * step).astype(np.float64) for key in keys], axis=0)
        power = np.mean(total.reshape(total.shape[0], some, step) ** 2, axis=2).max(axis=0)
        yield from (power > threshold).tolist()


def _down(loud: Iterator[bool], hold: int) -> Iterator[bool]:
    """For the start of each step whether the sound is down there: beside a step that is held."""
    left, before = 0, False
    for now in loud:
        left = hold + 1 if now else max(0, left - 1)
        yield left > 0 or before
        before = left > 0


def _levels(loud: Iterator[bool], duck: Duck) -> Iterator[float]:
    """Decibels at the start of each step: the lowest of what comes, what was, and 0."""
    down = enumerate(_down(loud, duck.hold))
    coming = deque(n for n, is_down in islice(down, duck.attack) if is_down)
    since = duck.release
    for here in count():
        number, is_down = next(down)
        if is_down:
            coming.append(number)
        to = coming[0] - here if coming else duck.attack
        since = 0 if to == 0 else min(duck.release, since + 1)
        yield duck.amount * max(1 - to / duck.attack, 1 - since / duck.release)
        if to == 0:
            coming.popleft()


def _ramps(levels: Iterator[float], step: int) -> Iterator[Gain]:
    """From step to step in a straight line of decibels, as factors."""
    t = np.arange(step) / step
    for a, b in pairwise(levels):
        yield np.ones(step) if a == b == 0.0 else 10.0 ** ((a + (b - a) * t) / 20.0)
