"""Effects on sound that are heard for a while: from one time to another, and beyond bit for bit not."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from itertools import tee

import numpy as np
from kadr_sdk.plan import Acting

from kadr_pyav.sound import Samples, Stream

__all__ = ["acting"]

_PIECE = 4096
_FADES = 100  # of them make a second


def acting(
    pieces: Iterator[Samples],
    acts: Acting,
    rate: int,
    channels: int,
    effect: Callable[[Iterator[Samples]], Iterator[Samples]],
) -> Iterator[Samples]:
    """Pieces, and where the effect acts what it makes of them; without end."""
    before, heard = tee(pieces)
    plain, changed = Stream(before, channels), Stream(effect(heard), channels)
    del before, heard
    try:
        for first in _firsts(acts[1]):
            share = _share(acts, rate, first)
            dry, wet = plain.read(_PIECE), changed.read(_PIECE)
            mixed = (dry * (1.0 - share) + wet * share).astype(np.float32)
            yield np.where(share == 0.0, dry, np.where(share == 1.0, wet, mixed))
        changed.close()  # from here on nobody hears it, and nothing is kept for it
        while True:
            yield plain.read(_PIECE)
    finally:
        changed.close()
        plain.close()
        if isinstance(pieces, Generator):
            pieces.close()


def _firsts(end: int | None) -> Iterator[int]:
    """The first samples of all pieces in which the effect may be heard."""
    first = 0
    while end is None or first < end:
        yield first
        first += _PIECE


def _share(acts: Acting, rate: int, first: int) -> np.ndarray:
    """How much of the effect is heard at the samples of a piece, shape (n,), 0..1."""
    start, end = acts
    fade = rate // _FADES if end is None else min(rate // _FADES, (end - start) // 2)
    at = np.arange(first, first + _PIECE, dtype=np.float64)
    rise = np.where(at < start, 0.0, 1.0)
    if start > 0 and fade:
        rise = np.clip((at - start) / fade, 0.0, 1.0)
    if end is None:
        return rise
    fall = np.clip((end - at) / fade, 0.0, 1.0) if fade else np.where(at < end, 1.0, 0.0)
    found: np.ndarray = np.minimum(rise, fall)
    return found
