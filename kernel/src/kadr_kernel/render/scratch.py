"""Folders for the parts of running jobs, and the cleaning up after jobs that were killed.

A folder belongs to a running job while the lock on its ``owner.lock`` is held. The operating
system frees the lock when the process dies, whichever way, so a folder whose lock is free is
what a dead job left; the next job removes it, and the unfinished target that its
``target.txt`` names. Making and removing happen under one lock beside the scratch folder.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from kadr_sdk.errors import StorageError

from kadr_kernel.disk import is_temporary, locked, storage_error

__all__ = ["job_folder"]

_OWNER, _TARGET = "owner.lock", "target.txt"


@contextmanager
def job_folder(scratch: Path, job: str, target: Path) -> Iterator[Path]:
    """A folder that is gone afterwards; folders of dead jobs are removed first.

    Args:
        scratch: of all jobs of this user.
        target: the temporary name beside the final one, removed with the folder of a dead job.

    Raises:
        StorageError: the folder cannot be made.
    """
    with ExitStack() as stack:
        try:
            scratch.mkdir(parents=True, exist_ok=True)
            with locked(scratch.with_name(f"{scratch.name}.lock")):
                _remove_dead(scratch)
                folder = Path(tempfile.mkdtemp(prefix=f"{job}-", dir=scratch))
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
                (folder / _TARGET).write_text(str(target), "utf-8", errors="surrogateescape")
                stack.enter_context(locked(folder / _OWNER))
        except OSError as error:
            raise storage_error(error, scratch) from error
        yield folder


def _remove_dead(scratch: Path) -> None:
    for folder in scratch.iterdir():
        if not folder.is_dir() or folder.is_symlink():
            continue
        with suppress(StorageError, OSError):  # held by a running job, or gone meanwhile
            with locked(folder / _OWNER, timeout=0):
                target = _target(folder)
            shutil.rmtree(folder, ignore_errors=True)
            _remove(target)


def _target(folder: Path) -> Path | None:
    try:
        return Path((folder / _TARGET).read_text("utf-8", errors="surrogateescape"))
    except (OSError, ValueError):
        return None


def _remove(target: Path | None) -> None:
    """Only names that :func:`kadr_kernel.disk.temporary_beside` gives are removed."""
    if target is None or not is_temporary(target):
        return
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target, ignore_errors=True)
    else:
        target.unlink(missing_ok=True)
