"""The collector of Python during work that makes many objects which stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collected_rarely"]

_MOST = 50_000
"""New objects after which the collector looks all the same: what is garbage may hold open files."""


@contextmanager
def collected_rarely() -> Iterator[None]:
    """Look for circles of garbage once in 50,000 new objects and not in 700.

    A plan of 10,000 clips is a million objects, none of them garbage, and looking at them again and
    again is a sixth of the time of planning. The setting is the process's: who finds it raised, by
    another plan or by the program, leaves it alone.
    """
    before = gc.get_threshold()
    if not 0 < before[0] < _MOST:
        yield
        return
    gc.set_threshold(_MOST, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
