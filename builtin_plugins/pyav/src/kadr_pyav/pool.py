"""Readers shared by the threads of a job: a bounded number of open files and cached bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kadr_sdk.errors import MediaFileError

from kadr_pyav.cell import Cells
from kadr_pyav.confined import ConfinedFlow
from kadr_pyav.index import IndexCache, file_identity
from kadr_pyav.opening import DecoderOptions
from kadr_pyav.reader import FrameReader

__all__ = ["ReaderPool"]

_SHARE = 2  # one reader may hold half of the bytes that all idle ones may


class ReaderPool:
    """Lends readers, each to one thread at a time, and keeps idle ones open for the next.

    Args:
        max_open: files open at once; idle readers are closed beyond it, the least recently
            used first. Only readers on loan can exceed it.
        cache_bytes: decoded frames kept by idle readers, all together; one reader may hold half.
        options: how to decode.
        indexes: shared with whoever else needs the scans.
        cells: where files are read; None: in this process.
    """

    def __init__(
        self,
        max_open: int = 32,
        cache_bytes: int = 512 << 20,
        options: DecoderOptions | None = None,
        indexes: IndexCache | None = None,
        cells: Cells | None = None,
    ) -> None:
        self._max_open, self._cache_bytes = max_open, cache_bytes
        self._options = options or DecoderOptions()
        self.indexes = indexes or IndexCache()
        self._cells = cells
        self._lock = threading.Lock()
        self._idle: OrderedDict[int, tuple[tuple[Path, int], FrameReader]] = OrderedDict()
        self._ticket = 0
        self._lent = 0
        self._seen: dict[Path, tuple[object, ...]] = {}
        self._closed = False

    @contextmanager
    def lease(
        self,
        path: Path,
        stream: int,
        *,
        policy: str = "error",
        report: Callable[[str], None] | None = None,
        backwards: bool = False,
    ) -> Iterator[FrameReader]:
        """A reader of the stream for the calling thread alone.

        Args:
            policy, report, backwards: as of the reader.

        Raises:
            MediaFileError: unreadable, or the file has changed since this pool first saw it.
        """
        self._check_unchanged(path)
        reader = self._take((path, stream))
        reader.serve(policy, report, backwards=backwards)
        try:
            yield reader
        except BaseException:
            self._give_back((path, stream), reader, keep=False)
            raise
        self._give_back((path, stream), reader, keep=True)

    @property
    def open_files(self) -> int:
        """Readers that hold a file open now, lent ones included."""
        with self._lock:
            return len(self._idle) + self._lent

    def close(self) -> None:
        """Close idle readers; those on loan are closed when they come back."""
        with self._lock:
            self._closed = True
            readers = [reader for _, reader in self._idle.values()]
            self._idle.clear()
        for reader in readers:
            reader.close()

    def _check_unchanged(self, path: Path) -> None:
        now = file_identity(path)[1:]
        with self._lock:
            before = self._seen.setdefault(path, now)
        if now != before:
            raise MediaFileError(
                "the file has changed while it was being used", path=path, hint="start the render again"
            )

    def _take(self, wanted: tuple[Path, int]) -> FrameReader:
        """An idle reader of the stream, the last used first, or a new one."""
        with self._lock:
            ticket = next((t for t in reversed(self._idle) if self._idle[t][0] == wanted), None)
            found = None if ticket is None else self._idle.pop(ticket)[1]
            self._lent += 1
            surplus = self._surplus()
        for old in surplus:
            old.close()
        try:
            return found or self._new(wanted)
        except BaseException:
            with self._lock:
                self._lent -= 1
            raise

    def _new(self, wanted: tuple[Path, int]) -> FrameReader:
        scan = self.indexes.get(*wanted, self._options)
        share, cells = max(1, self._cache_bytes // _SHARE), self._cells
        flow = None if cells is None else (lambda: ConfinedFlow(cells, *wanted, self._options))
        return FrameReader(*wanted, scan, self._options, cache_bytes=share, flow=flow)

    def _give_back(self, key: tuple[Path, int], reader: FrameReader, *, keep: bool) -> None:
        reader.report = None
        surplus: list[FrameReader] = []
        with self._lock:
            self._lent -= 1
            if self._closed or not keep:
                surplus.append(reader)
            else:
                self._ticket += 1
                self._idle[self._ticket] = (key, reader)
            surplus += self._surplus()
            self._shed_frames()
        for old in surplus:
            old.close()

    def _surplus(self) -> list[FrameReader]:
        """Idle readers beyond the limit, taken out; the caller closes them outside the lock."""
        found: list[FrameReader] = []
        while self._idle and len(self._idle) + self._lent > self._max_open:
            found.append(self._idle.popitem(last=False)[1][1])
        return found

    def _shed_frames(self) -> None:
        """Drop frames of idle readers, the least recently used first, down to the budget."""
        held = sum(reader.cached_bytes for _, reader in self._idle.values())
        for _, reader in self._idle.values():
            if held <= self._cache_bytes:
                return
            held -= reader.cached_bytes
            reader.forget()
