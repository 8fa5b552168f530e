"""Who is making what: each thing is made by one thread, and a circle of waiting is an error.

Validation refuses circles among declared needs; this catches those that arise when a
factory asks the container itself while it runs, also across threads.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

__all__ = ["CircularWait", "Makers"]


class CircularWait(Exception):  # noqa: N818 - it names a situation, and never leaves the container
    """Waiting would never end."""


class Makers:
    """Claims of threads on things."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._makers: dict[Hashable, int] = {}
        self._waits: dict[int, Hashable] = {}

    @contextmanager
    def claim(self, thing: Hashable) -> Iterator[bool]:
        """True: this thread may make it now. False: another one just did, or tried to.

        Raises:
            CircularWait: the maker waits, over any number of threads, for this one.
        """
        claimed = self._claim(thing)
        try:
            yield claimed
        finally:
            if claimed:
                with self._changed:
                    del self._makers[thing]
                    self._changed.notify_all()

    def _claim(self, thing: Hashable) -> bool:
        me = threading.get_ident()
        with self._changed:
            if thing not in self._makers:
                self._makers[thing] = me
                return True
            self._refuse_circle(thing, me)
            self._waits[me] = thing
            try:
                while thing in self._makers:
                    self._changed.wait()
            finally:
                del self._waits[me]
            return False

    def _refuse_circle(self, thing: Hashable, me: int) -> None:
        waited: Hashable | None = thing
        while waited is not None and (maker := self._makers.get(waited)) is not None:
            if maker == me:
                raise CircularWait
            waited = self._waits.get(maker)
