"""A pool of readers for each job, gone with the job."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from kadr_pyav.cell import Cells
from kadr_pyav.index import IndexCache
from kadr_pyav.pool import ReaderPool

if TYPE_CHECKING:
    from kadr_sdk.backend import RenderContext

__all__ = ["JobPools"]


class JobPools:
    """Pools by job; a job's open files are closed when its context is gone.

    The context of a part of a job names the whole in its attribute ``job``: all parts share
    one pool, so that files and frames held do not multiply with the workers.

    A pool refuses files that change under it, so it must not outlive the job: the next one
    may well see another file under the same name.
    """

    def __init__(self, indexes: IndexCache, cells: Cells | None = None) -> None:
        self._indexes, self._cells = indexes, cells
        self._pools: dict[int, ReaderPool] = {}
        self._lock = Lock()

    @contextmanager
    def of(self, context: RenderContext) -> Iterator[ReaderPool]:
        """The pool of a context's job; one for this call alone where it cannot be watched."""
        try:
            yield self._kept(getattr(context, "job", context))
        except _Unwatched:
            pool = ReaderPool(indexes=self._indexes, cells=self._cells)
            try:
                yield pool
            finally:
                pool.close()

    def _kept(self, context: object) -> ReaderPool:
        with self._lock:
            found = self._pools.get(id(context))
            if found is None:
                found = ReaderPool(indexes=self._indexes, cells=self._cells)
                try:
                    weakref.finalize(context, self._end, id(context))
                except TypeError:
                    raise _Unwatched from None
                self._pools[id(context)] = found
            return found

    def _end(self, key: int) -> None:
        # Without the lock: the collector may call this anywhere, even where it is held.
        pool = self._pools.pop(key, None)
        if pool is not None:
            pool.close()

    def close(self) -> None:
        """Close all pools."""
        for key in list(self._pools):
            self._end(key)


class _Unwatched(Exception):  # noqa: N818 - it only chooses the other way
    """The context cannot be referred to weakly."""
