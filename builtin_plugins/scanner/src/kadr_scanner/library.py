"""The library: the index and the kernel's services, as the commands use them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kadr_sdk.errors import InvalidPathError, MediaFileError, StorageError
from kadr_sdk.events import ScanCompleted
from kadr_sdk.rendering import Renderer
from kadr_sdk.services import Cache, Scheduler

from kadr_scanner.digest import digest_of
from kadr_scanner.facts import row_of
from kadr_scanner.index import INDEX, Index, below
from kadr_scanner.rows import FileRow, Version
from kadr_scanner.scan import Scan
from kadr_scanner.work import Job

if TYPE_CHECKING:
    from kadr_sdk.backend import Backend
    from kadr_sdk.events import Event
    from kadr_sdk.media import MediaInfo
    from kadr_sdk.plugin import PluginContext
    from kadr_sdk.services import Container

__all__ = ["Library", "opened"]


class Library:
    """Media files that kadr knows.

    Attributes:
        folder: of the index and of work in progress.
        index: what is known.
    """

    def __init__(self, folder: Path, container: Container, publish: Callable[[Event], object]) -> None:
        self.folder = folder
        self.index = Index(folder / INDEX)
        self.scheduler = container.get(Scheduler)
        self.cache = container.get(Cache)
        self.publish = publish
        self._renderer = container.get(Renderer)

    @property
    def backend(self) -> Backend:
        """What reads media."""
        return self._renderer.backend()

    def job(self, task: str, path: Path | str = "", total: int = 0) -> Job:
        """A new piece of work that tells of itself on the bus."""
        return Job(self.publish, task, str(path), total)

    def scan(self, folder: Path, depth: str = "packets", *, retry: bool = False) -> ScanCompleted:
        """Look at a folder and everything below it."""
        scan = Scan(self.index, self.backend, self.scheduler, self.publish)
        return scan.run(folder, depth, retry=retry)

    def digest(self, path: Path) -> str:
        """sha256 of a file's content, from the index where it stands there unchanged.

        Raises:
            MediaFileError: it cannot be read.
        """
        path = path.absolute()
        try:
            version = Version.of(path.stat())
            row = self.index.find(path)
            if row is not None and row.version == version and row.digest:
                return row.digest
            return digest_of(path, lambda: None)
        except OSError as error:
            raise MediaFileError(f"cannot be read: {error.strerror}", path=path) from error

    def learn(self, path: Path, info: MediaInfo, digest: str) -> None:
        """Take a file into the index, where it does not stand there as it is now."""
        path = path.absolute()
        version = Version.of(path.stat())
        row = self.index.find(path)
        if row is None or row.version != version or row.digest != digest:
            with self.index.write() as writer:
                writer.put(replace(row_of(path, version, info), digest=digest))

    def known(self, path: Path) -> FileRow:
        """The row of a path.

        Raises:
            InvalidPathError: the library does not know it.
        """
        row = self.index.find(path.absolute())
        if row is None:
            hint = f"scan its folder first: kadr media scan {path.absolute().parent}"
            raise InvalidPathError("the library does not know this file", path=path, hint=hint)
        return row

    def forget(self, folder: Path | None, *, missing: bool = False) -> int:
        """Remove files from the index: in a folder and below, or anywhere; how many."""
        condition, values = below(str(folder.absolute())) if folder else ("1", ())
        condition = f"{condition} AND (missing OR NOT ?)"
        numbers = [row.id for row in self.index.each(condition, (*values, missing))]
        with self.index.write() as writer:
            for number in numbers:
                writer.forget(number)
        return len(numbers)

    def close(self) -> None:
        """Close the index."""
        self.index.close()


@contextmanager
def opened(context: PluginContext) -> Iterator[Library]:
    """The library in the plugin's storage; what is wrong with its file is said with its path."""
    library = Library(context.storage, context.container, context.events.publish)
    try:
        yield library
    except sqlite3.Error as error:
        hint = "check the rights of the folder and the disk; where the file is removed, a scan makes it anew"
        message = f"the media library cannot be used: {error}"
        raise StorageError(message, path=library.index.path, hint=hint) from error
    finally:
        library.close()
