"""Source to guest: compiled, packed with its declaration, written whole."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kadr_sdk.errors import InvalidPathError, StorageError

from kadr_author.guests import packed
from kadr_author.languages import compiled
from kadr_author.project import Project, Work

__all__ = ["Built", "build", "made", "write_whole"]


@dataclass(frozen=True, slots=True)
class Built:
    """A guest that was built: its bytes, and whether they are others than before."""

    work: Work
    size: int
    changed: bool


def build(project: Project, cache: Path, only: Work | None = None) -> list[Built]:
    """Build every guest of a plugin that has a source; what stands there is replaced whole.

    Raises:
        InvalidPathError: a guest has no source.
        KadrError: see :func:`kadr_author.languages.compiled`.
    """
    works = [work for work in project.works if work.module is not None and only in (None, work)]
    done = [(work, made(work, cache)) for work in works]
    return [_written(work, code) for work, code in done]


def made(work: Work, cache: Path) -> bytes:
    """The guest of an effect, built and not written.

    Raises:
        InvalidPathError: it has no source.
        KadrError: see :func:`kadr_author.languages.compiled`.
    """
    if work.source is None:
        text = f"there is no source of the guest of {work.id} beside it"
        raise InvalidPathError(text, path=work.module, hint="put NAME.c, .zig, .rs, … beside NAME.wasm")
    with tempfile.TemporaryDirectory() as folder:
        code = compiled(work.source, Path(folder), cache)
    return packed(code, work.descriptor)


def _written(work: Work, code: bytes) -> Built:
    assert work.module is not None
    changed = not work.module.is_file() or work.module.read_bytes() != code
    if changed:
        write_whole(work.module, code)
    return Built(work, len(code), changed)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, in place of what stands there.

    Raises:
        StorageError: the disk is full, or the folder refuses.
    """
    temporary = path.with_name(f".{path.name[:40]}.{os.getpid()}-{os.urandom(4).hex()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        text = f"cannot write: {error.strerror or error}"
        raise StorageError(text, path=path, hint="check the disk and the rights of the folder") from error
