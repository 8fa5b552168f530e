"""The target of a render: checked before the work, taken only by a finished, verified result."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import TracebackType

from kadr_sdk.errors import InvalidPathError, StorageError

from kadr_kernel.render.files import place, storage_error, temporary_beside

__all__ = ["Target"]


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
        path = self.path
        if path.is_dir() and not self.many:
            raise InvalidPathError("is a folder", path=path, hint="give a file name")
        if path.is_dir() and any(path.iterdir()):
            raise InvalidPathError("the folder is not empty", path=path, hint="give a new folder")
        if path.exists() and not path.is_dir() and not self._overwrite:
            raise InvalidPathError(
                "exists already", path=path, hint="choose another name, or add --overwrite"
            )
        if not path.parent.is_dir():
            raise InvalidPathError("the folder does not exist", path=path.parent, hint="make it first")
        if not os.access(path.parent, os.W_OK):
            raise InvalidPathError(
                "the folder cannot be written to", path=path.parent, hint="check its rights"
            )

    def refuse_inputs(self, inputs: set[str]) -> None:
        """The target is none of the inputs.

        Raises:
            InvalidPathError: it is one.
        """
        if not self.path.exists():
            return
        for name in inputs:
            if Path(name).exists() and self.path.samefile(name):
                raise InvalidPathError(
                    "the output is one of the inputs", path=name, hint="choose another name"
                )

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
        if self.many:
            try:
                self.temporary.mkdir()
            except OSError as error:
                raise storage_error(error, self.path) from error
        return self

    def finish(self) -> None:
        """Give the result its final name."""
        if self.many and self.path.is_dir():
            self.path.rmdir()  # empty, as checked
        place(self.temporary, self.path, overwrite=self._overwrite)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.temporary.is_dir():
            shutil.rmtree(self.temporary, ignore_errors=True)
        else:
            self.temporary.unlink(missing_ok=True)
