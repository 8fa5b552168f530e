"""Project files: opened with every problem at once, saved atomically with backups."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kadr_sdk.errors import InvalidPathError, SerializationError, StorageError
from kadr_sdk.events import Event, ProjectOpened, ProjectSaved
from kadr_sdk.project import Project, dump_project, parse_project
from kadr_sdk.project.parse import MAX_BYTES
from kadr_sdk.text import printable

from kadr_kernel.disk import storage_error, temporary_beside, write_whole
from kadr_kernel.render.original import convert_original, is_original

__all__ = ["FileProjectStore"]


class FileProjectStore:
    """Projects as ``.tlp`` files; the last ``backups`` versions stay beside as ``name.tlp.1`` …"""

    def __init__(self, publish: Callable[[Event], object], *, backups: int = 3) -> None:
        self._publish = publish
        self._backups = backups

    def open(self, path: Path) -> Project:
        """Read and check a document; documents of the original shape are converted."""
        text = _read(path)
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            data = None  # parse_project says precisely what is wrong
        source = convert_original(data) if isinstance(data, dict) and is_original(data) else text
        project = parse_project(source, name=str(path))
        self._publish(ProjectOpened(project.metadata.id, str(path)))
        return project

    def save(self, project: Project, path: Path) -> None:
        """Write atomically, keeping backups of what stood there."""
        data = dump_project(project).encode()
        if os.path.isfile(path):  # noqa: PTH113 - false instead of an error for impossible names
            self._keep(path)
        write_whole(path, data)
        self._publish(ProjectSaved(project.metadata.id, str(path)))

    def _keep(self, path: Path) -> None:
        """A copy of what stands there as ``.1``, older ones moved on; none twice, so that a save
        which fails again and again does not push the good ones out.
        """
        names = [path.with_name(f"{path.name}.{n}") for n in range(1, self._backups + 1)]
        copy = temporary_beside(path)
        try:
            if not names or _same(path, names[0]):
                return
            shutil.copy2(path, copy)
            for newer, older in reversed(list(itertools.pairwise(names))):
                if newer.exists():
                    newer.replace(older)
            copy.replace(names[0])
        except OSError as error:
            with suppress(OSError):
                copy.unlink()
            raise storage_error(error, path, "be kept as a backup") from error


def _same(a: Path, b: Path) -> bool:
    return b.is_file() and a.stat().st_size == b.stat().st_size and a.read_bytes() == b.read_bytes()


def _read(path: Path) -> str:
    _check(path)
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SerializationError("not a text file in UTF-8", path=path) from error
    except OSError as error:
        raise StorageError(f"cannot read: {error.strerror}", path=path) from error


def _check(path: Path) -> None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        hint = "check the spelling"
        raise InvalidPathError("there is no such project file", path=path, hint=hint) from error
    except (OSError, ValueError) as error:  # a name too long, a NUL in it
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidPathError(f"cannot be opened: {reason.lower()}", path=printable(path)) from error
    if not stat.S_ISREG(found.st_mode):
        raise InvalidPathError("not a file", path=path, hint="give the .tlp file itself")
    if found.st_size > MAX_BYTES:
        raise SerializationError("the project is larger than 256 MB", path=path)
