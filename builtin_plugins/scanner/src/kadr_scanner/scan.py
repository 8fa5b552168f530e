"""The scan: what lies in a folder, compared with the index; only what is new or changed is looked at.

Three passes, each of which may be the last: metadata (headers and first frames), digests (all
bytes), packets (exact lengths and rates of films). Between two writes to the index lie at most
a second of work, so whatever dies loses no more, and the next scan goes on from there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from dataclasses import replace as changed
from pathlib import Path
from typing import TypeVar

from kadr_sdk.backend import Backend
from kadr_sdk.errors import CancelledError, KadrError, ResourceError
from kadr_sdk.events import (
    Event,
    FilesDiscovered,
    MediaFailed,
    MediaRelinked,
    MetadataReady,
    ScanCompleted,
    WarningRaised,
)
from kadr_sdk.services import Scheduler

from kadr_scanner.digest import digest_of
from kadr_scanner.facts import broken_row, counted_row, row_of, words_of
from kadr_scanner.index import Index, Writer, below
from kadr_scanner.rows import FileRow, Version
from kadr_scanner.walk import walk
from kadr_scanner.work import Job, in_batches, in_parallel

__all__ = ["DEPTHS", "Scan"]

T = TypeVar("T")
DEPTHS = ("metadata", "digests", "packets")
_PROBE_BYTES = 96 << 20  # of the memory budget, for a file that is looked at


@dataclass(slots=True)
class _Found:
    """What a walk found, against the index."""

    files: int = 0
    fresh: list[tuple[Path, Version, bool]] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    back: list[int] = field(default_factory=list)


class Scan:
    """One scan of one folder.

    Args:
        publish: takes events.
        job: to cancel it by.
    """

    def __init__(
        self,
        index: Index,
        backend: Backend,
        scheduler: Scheduler,
        publish: Callable[[Event], object],
        job: Job | None = None,
    ) -> None:
        self._job = job or Job(publish, "scan")
        self._index = index
        self._backend = backend
        self._scheduler = scheduler
        self._publish = publish
        self._relinked = self._failed = 0

    def run(self, folder: Path, depth: str = "packets", *, retry: bool = False) -> ScanCompleted:
        """Scan; the outcome, which is published too.

        Args:
            depth: the last pass, one of :data:`DEPTHS`.
            retry: look again at files that could not be used.

        Raises:
            InvalidPathError: no such folder.
            CancelledError: it was cancelled; what is done is kept.
        """
        began = time.monotonic()
        found = self._compare(folder, retry=retry)
        self._publish(FilesDiscovered(str(folder), found.files, len(found.fresh)))
        with self._index.write() as writer:
            writer.miss(found.gone)
            writer.stands(found.back)
        new = [(path, version) for path, version, known in found.fresh if not known]
        old = [(path, version) for path, version, known in found.fresh if known]
        moved = self._relink(new)
        fresh = [row for row in new if row[0] not in moved] + old
        self._metadata(folder, fresh)
        if depth != "metadata":
            self._digests(folder)
        if depth == "packets":
            self._packets(folder)
        done = ScanCompleted(
            str(folder),
            found.files,
            len(fresh) - len(old),
            len(old),
            self._relinked,
            self._missing(folder),
            self._failed,
            round(time.monotonic() - began, 3),
        )
        self._publish(done)
        return done

    # -- what there is -------------------------------------------------------------------------

    def _compare(self, folder: Path, *, retry: bool) -> _Found:
        found, visited = _Found(), set()
        for here in walk(folder, self._warn):
            self._job.check()
            visited.add(here.path)
            known = self._index.folder(here.path)
            found.files += len(here.files)
            for name, version in here.files.items():
                row = known.pop(name, None)
                if row is None or row[1] != version or (retry and row[3]):
                    found.fresh.append((Path(here.path, name), version, row is not None))
                elif row[2]:
                    found.back.append(row[0])
            found.gone += [number for number, _, missing, _ in known.values() if not missing]
        for lost in self._index.folders(str(folder.absolute())) - visited:
            rows = self._index.folder(lost).values()
            found.gone += [number for number, _, missing, _ in rows if not missing]
        return found

    def _warn(self, path: str, reason: str) -> None:
        self._publish(WarningRaised(f"left out: {reason}", path))

    def _missing(self, folder: Path) -> int:
        condition, values = below(str(folder.absolute()))
        rows = self._index.rows(f"SELECT count(*) FROM file WHERE missing AND {condition}", *values)  # noqa: S608 - texts of this package
        return int(rows[0][0])

    # -- what has moved ------------------------------------------------------------------------

    def _relink(self, new: list[tuple[Path, Version]]) -> set[Path]:
        """Those of the new files that the index knows from another place."""
        moved: set[Path] = set()
        taken: set[int] = set()
        for path, version in new:
            self._job.check()
            found = self._former_place(path, version, taken)
            if found is not None:
                number, old = found
                taken.add(number)
                moved.add(path)
                self._move(number, path, version)
                self._publish(MediaRelinked(str(path), old))
        self._relinked += len(moved)
        return moved

    def _former_place(self, path: Path, version: Version, taken: set[int]) -> tuple[int, str] | None:
        """Id and former path of a row that is this file: the same inode, or the same content."""
        digest = ""
        for number, folder, name, known, missing, content in self._index.of_size(version.size):
            old = os.path.join(folder, name)  # noqa: PTH118 - text, many times
            if number in taken or not (missing or not os.path.lexists(old)):
                continue
            if known == version and version.inode != "0":
                return number, old
            if content:
                digest = digest or digest_of(path, lambda: None)
                if digest == content:
                    return number, old
        return None

    def _move(self, number: int, path: Path, version: Version) -> None:
        row = self._index.files("id = ?", (number,))[0]
        row = changed(row, folder=str(path.parent), name=path.name)
        with self._index.write() as writer:
            writer.move(number, row, version, words_of(row))

    # -- passes --------------------------------------------------------------------------------

    def _metadata(self, folder: Path, fresh: list[tuple[Path, Version]]) -> None:
        job = Job(self._publish, "metadata", str(folder), len(fresh), self._job)
        tasks = (self._task(self._examine, path, version) for path, version in fresh)

        def store(writer: Writer, row: FileRow) -> None:
            writer.put(row)
            job.advance()

        self._stored(in_parallel(self._scheduler, job, tasks), store, self._announce)

    def _examine(self, path: Path, version: Version) -> FileRow:
        try:
            with self._memory():
                return row_of(path, version, self._backend.probe(path))
        except (CancelledError, ResourceError):
            raise
        except KadrError as error:
            return broken_row(path, version, error.message)
        except OSError as error:
            return broken_row(path, version, f"cannot be read: {error.strerror or error}")
        except Exception as error:  # noqa: BLE001 - one odd file must not end the scan of all others
            return broken_row(path, version, f"a defect of kadr: {type(error).__name__}: {error}")

    def _announce(self, row: FileRow) -> None:
        if row.reason:
            self._failed += 1
            self._publish(MediaFailed(str(row.path), row.reason))
        else:
            self._publish(MetadataReady(str(row.path), row.kind, row.duration or 0.0))

    def _digests(self, folder: Path) -> None:
        condition, values = below(str(folder.absolute()))
        where = f"digest = '' AND NOT missing AND {condition}"
        rows = self._index.rows(f"SELECT id, folder, name FROM file WHERE {where}", *values)  # noqa: S608 - texts of this package
        job = Job(self._publish, "digests", str(folder), len(rows), self._job)
        tasks = (self._task(self._digest, number, Path(at, name), job) for number, at, name in rows)

        def store(writer: Writer, row: tuple[int, str, Version] | None) -> None:
            job.advance()
            if row is not None:
                writer.digest(*row)

        self._stored(in_parallel(self._scheduler, job, tasks), store)

    def _digest(self, number: int, path: Path, job: Job) -> tuple[int, str, Version] | None:
        try:
            version = Version.of(path.stat())
            return number, digest_of(path, job.check), version
        except OSError:
            return None  # it has gone since the walk; the next scan says so

    def _packets(self, folder: Path) -> None:
        condition, values = below(str(folder.absolute()))
        where = f"kind = 'video' AND NOT packets AND NOT missing AND {condition}"
        rows = self._index.rows(f"SELECT count(*) FROM file WHERE {where}", *values)  # noqa: S608 - texts of this package
        job = Job(self._publish, "packets", str(folder), rows[0][0], self._job)
        tasks = (self._task(self._count, row) for row in self._index.each(where, values))

        def store(writer: Writer, row: FileRow) -> None:
            job.advance()
            writer.put(row)

        self._stored(in_parallel(self._scheduler, job, tasks), store)

    def _count(self, row: FileRow) -> FileRow:
        """The row after the packet pass; what goes wrong there is noted, the file stays usable."""
        stream = next(v["index"] for v in row.facts["video"] if not v["attached"])
        try:
            with self._memory():
                return counted_row(row, self._backend.index(row.path, stream))
        except (CancelledError, ResourceError):
            raise
        except (KadrError, OSError) as error:
            facts = row.facts | {"packets": {"error": getattr(error, "message", str(error))}}
            return changed(row, packets=True, facts=facts)

    def _memory(self) -> AbstractContextManager[None]:
        """Memory for one file that is looked at, of the common budget."""
        return self._scheduler.reserve(min(_PROBE_BYTES, self._scheduler.memory_budget), owner="scan")

    @staticmethod
    def _task(work: Callable[..., T], *values: object) -> Callable[[], T]:
        return lambda: work(*values)

    def _stored(
        self,
        results: Iterable[T],
        store: Callable[[Writer, T], None],
        announce: Callable[[T], None] = lambda _: None,
    ) -> None:
        """Write results as they come, many at a time; only what is written is announced."""
        for batch in in_batches(results):
            with self._index.write() as writer:
                for row in batch:
                    store(writer, row)
            for row in batch:
                announce(row)
