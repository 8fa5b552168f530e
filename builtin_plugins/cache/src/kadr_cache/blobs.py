"""Content-addressed files: named by the sha256 of what they hold, in 256 folders, never changed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kadr_cache.files import digest_of, link_or_copy, make_read_only, remove, sync

__all__ = ["Blobs", "Staged"]

_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Staged:
    """A file about to become an entry: on the disk, but under a temporary name."""

    path: Path
    digest: str
    size: int


class Blobs:
    """The files below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "blobs"
        self._incoming = folder / "incoming"

    def path(self, digest: str) -> Path:
        """Where the file with that content stands."""
        return self._folder / digest[:2] / digest

    def stage(self, source: Path) -> Staged:
        """Take a file in under a temporary name.

        A hard link takes no time and no room. Windows does not let a read-only file be
        removed by its other names, so there it is a copy.

        Raises:
            OSError: the disk is full, or the folder cannot be written to.
        """
        self._incoming.mkdir(parents=True, exist_ok=True)
        path = self._incoming / f"{os.getpid()}-{os.urandom(6).hex()}.part"
        try:
            if os.name == "nt":
                shutil.copyfile(source, path)
            else:
                link_or_copy(source, path)
            sync(path)
            make_read_only(path)
            return Staged(path, digest_of(path), path.stat().st_size)
        except BaseException:
            remove(path)
            raise

    def place(self, staged: Staged) -> None:
        """Give it the name of its content, replacing what stood there: it may be damaged."""
        target = self.path(staged.digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            staged.path.replace(target)
        except PermissionError:
            if os.name != "nt" or not target.exists():  # in use there: the content is the same
                raise
        # Renaming one name of a file to another of the same file does nothing at all (POSIX).
        remove(staged.path)

    def drop(self, digest: str) -> bool:
        """Remove the file of that content."""
        return remove(self.path(digest))

    def drop_all(self) -> tuple[int, int]:
        """Remove every file; how many there were, and their bytes."""
        found = [(path.stat().st_size, path) for _, path in self]
        gone = [size for size, path in found if remove(path)]
        return len(gone), sum(gone)

    def __iter__(self) -> Iterator[tuple[str, Path]]:
        """Digest and path of every file."""
        for folder in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            for path in sorted(folder.iterdir()):
                if _NAME.fullmatch(path.name):
                    yield path.name, path

    def incoming(self) -> Iterator[Path]:
        """Files that were being taken in, by this process, another or a dead one."""
        if self._incoming.is_dir():
            yield from sorted(self._incoming.iterdir())
