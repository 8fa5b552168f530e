"""The target of a render: checked before the work, taken only by a finished, verified result."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from kadr_sdk.errors import CancelledError, InvalidPathError, KadrError, StorageError

from kadr_kernel.disk import storage_error, temporary_beside

__all__ = ["Target", "check_target", "refuse_inputs", "tree_digest"]


def check_target(path: Path, *, overwrite: bool) -> None:
    """What can be said of a target before anything is read.

    Raises:
        InvalidPathError: the name is taken or impossible, or its folder is missing.
    """
    if not os.path.isdir(path.parent):  # noqa: PTH112 - false instead of an error for impossible names
        text = "is not a folder" if os.path.lexists(path.parent) else "the folder does not exist"
        hint = "choose another folder" if os.path.lexists(path.parent) else "make it first"
        raise InvalidPathError(text, path=path.parent, hint=hint)
    try:
        standing: os.stat_result | None = path.lstat()
    except FileNotFoundError:
        standing = None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidPathError(f"cannot be a file: {reason.lower()}", path=path) from error
    if standing is not None and not path.is_dir() and not overwrite:
        raise InvalidPathError("exists already", path=path, hint="choose another name, or add --overwrite")
    if standing is not None:
        _refuse_to_replace(path, standing)


def _refuse_to_replace(path: Path, standing: os.stat_result) -> None:
    """Taking its name would remove a device or a pipe, and a file that its owner protects."""
    if not stat.S_ISREG(standing.st_mode):
        if not (stat.S_ISDIR(standing.st_mode) or stat.S_ISLNK(standing.st_mode)):
            hint = "give a file name: a film takes its name when it is finished, and cannot be streamed"
            raise InvalidPathError("is a device or a pipe", path=path, hint=hint)
    elif not standing.st_mode & stat.S_IWUSR:
        raise InvalidPathError("is write-protected", path=path, hint="choose another name, or unprotect it")


def refuse_inputs(path: Path, inputs: Iterable[str]) -> None:
    """The target is none of the inputs, by whatever name.

    Raises:
        InvalidPathError: it is one.
    """
    if not os.path.exists(path):  # noqa: PTH110 - false instead of an error for impossible names
        return
    for name in inputs:
        if os.path.exists(name) and os.path.samefile(path, name):  # noqa: PTH110, PTH121 - as above
            hint = "choose another name: inputs are never written"
            raise InvalidPathError("the output is one of the inputs", path=path, hint=hint)


class Target:
    """A context: on failure the temporary file or folder is removed and nothing else changes.

    Args:
        path: the final name.
        overwrite: what stands there may be replaced.
        many: a folder of files is delivered.

    Raises:
        InvalidPathError: cannot be the target; says why and what to do.
    """

    def __init__(self, path: Path, *, overwrite: bool, many: bool) -> None:
        self.path = path.absolute()
        self.many = many
        self._overwrite = overwrite
        self.temporary = temporary_beside(self.path)
        self._check()

    def _check(self) -> None:
        check_target(self.path, overwrite=self._overwrite)
        if not self.path.is_dir():
            return
        if not self.many:
            raise InvalidPathError("is a folder", path=self.path, hint="give a file name")
        if any(self.path.iterdir()):
            raise InvalidPathError("the folder is not empty", path=self.path, hint="give a new folder")

    def refuse_inputs(self, inputs: Iterable[str]) -> None:
        """The target is none of the inputs.

        Raises:
            InvalidPathError: it is one.
        """
        refuse_inputs(self.path, inputs)

    def check_space(self, wanted: int) -> None:
        """There is room for the result.

        Args:
            wanted: bytes, as estimated.

        Raises:
            StorageError: there is less.
        """
        free = shutil.disk_usage(self.path.parent).free
        if free < wanted:
            text = f"{wanted / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB are free"
            raise StorageError(text, path=self.path.parent, hint="free some space")

    def __enter__(self) -> Target:
        try:
            if self.many:
                self.temporary.mkdir()
            else:  # only writing tells whether one may write
                self.temporary.touch(exist_ok=False)
                self.temporary.unlink()
        except OSError as error:
            raise storage_error(error, self.path) from error
        return self

    def finish(self) -> None:
        """Give the result its final name."""
        if self.many and self.path.is_dir():
            self.path.rmdir()  # empty, as checked
        _place(self.temporary, self.path, overwrite=self._overwrite)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failed = isinstance(error, KadrError) and not isinstance(error, CancelledError)
        if failed and not self.path.parent.is_dir():  # whatever missed it first
            text = "the folder was moved or removed during the render"
            raise StorageError(text, path=self.path.parent, hint="render again") from error
        if self.temporary.is_dir():
            shutil.rmtree(self.temporary, ignore_errors=True)
        else:
            self.temporary.unlink(missing_ok=True)


def tree_digest(folder: Path) -> tuple[str, int]:
    """sha256 over names and contents of all files below, in order of name, and their size."""
    digest = hashlib.sha256()
    size = 0
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
                size += len(block)
    return digest.hexdigest(), size


def _place(temporary: Path, target: Path, *, overwrite: bool) -> None:
    """Give a finished file or folder its final name.

    Raises:
        InvalidPathError: something stands there and may not be replaced.
        StorageError: the rename failed.
    """
    try:
        if temporary.is_file():
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        if overwrite and not target.is_dir():
            temporary.replace(target)
        elif not overwrite and temporary.is_file():
            _place_new(temporary, target)
        else:
            temporary.rename(target)
    except FileExistsError as error:
        raise InvalidPathError("appeared while rendering", path=target, hint="choose another name") from error
    except OSError as error:
        raise storage_error(error, target) from error


def _place_new(temporary: Path, target: Path) -> None:
    # A hard link fails where the name is taken, atomically; rename would replace it silently.
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: check, then rename
        if target.exists():
            raise FileExistsError(target) from None
        temporary.rename(target)
        return
    temporary.unlink()
