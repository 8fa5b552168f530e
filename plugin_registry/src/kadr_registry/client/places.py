"""Where a client keeps things, and the lock that one process at a time holds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from kadr_sdk.errors import StorageError

from kadr_registry.files import replace_into, storage_error

__all__ = ["Places", "bring_to_disk", "put_file", "remove_tree"]

_LOCK_SECONDS = 120.0


class Places:
    """Folders below the store.

    Attributes:
        root: of the store.
        staging: what is not whole yet; on the same file system, looked at by nobody.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.registries = root / "registries"
        self.packages = root / "packages"
        self.sites = root / "sites"
        self.generations = root / "generations"
        self.staging = root / "staging"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The store belongs to one process at a time; the system frees the lock of a dead one.

        Raises:
            StorageError: somebody else has it for too long, or the folder cannot be used.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with FileLock(self.root / "lock", timeout=_LOCK_SECONDS):
                yield
        except Timeout as error:
            hint = "wait for the other kadr process, or end it"
            raise StorageError("another process installs plugins", path=self.root, hint=hint) from error

    @contextmanager
    def staged(self, target: Path) -> Iterator[Path]:
        """A folder that becomes ``target`` whole, or nothing; where that is there it is replaced.

        Raises:
            StorageError: it cannot be written.
        """
        folder = self.staging / f"{os.getpid()}-{os.urandom(6).hex()}"
        try:
            folder.mkdir(parents=True)
            yield folder
            bring_to_disk(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                target.replace(self.staging / f"old-{os.urandom(6).hex()}")
            replace_into(folder, target)
        except OSError as error:
            raise storage_error(error, target) from error
        finally:
            with suppress(OSError):
                remove_tree(folder)

    def sweep(self) -> None:
        """Remove what interrupted installations left; under the lock."""
        with suppress(OSError):
            remove_tree(self.staging)


def put_file(source: Path, target: Path) -> None:
    """A read-only copy.

    Raises:
        OSError: it cannot be made.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o444)


def bring_to_disk(folder: Path) -> None:
    """Wait until every file and name below a folder would survive a power cut.

    Raises:
        OSError: the system says that it did not.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            # Windows flushes only what is open for writing, and these files are read-only there.
            if os.name != "nt":
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        elif os.name != "nt":
            _sync_folder(path)
    if os.name != "nt":
        _sync_folder(folder)


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_tree(folder: Path) -> None:
    """Remove a folder with read-only files in it; nothing where there is none.

    Raises:
        OSError: it cannot be removed.
    """
    if folder.is_dir() and not folder.is_symlink():
        if os.name == "nt":
            for path in folder.rglob("*"):
                if path.is_file():
                    path.chmod(0o644)
        shutil.rmtree(folder)
