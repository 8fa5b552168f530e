"""``kadr plugin pack``: the files that a registry takes, in a folder of their own, with their evidence."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from kadr_sdk.errors import InvalidPathError, StorageError

from kadr_author.building import write_whole
from kadr_author.evidence import EVIDENCE
from kadr_author.guests import packed
from kadr_author.project import Project

__all__ = ["is_sandboxed", "pack_guests", "package_files", "target_of", "write_package"]

_SKIPPED = (".py", ".pyc", ".pyi", ".pyx")
_BESIDE = ("README.md", "LICENSE", "LICENSE.txt", "LICENSE.md", "icon.svg", "icon.png")


def is_sandboxed(project: Project) -> bool:
    """Whether the plugin is data and guests alone."""
    return not project.manifest.hooks and not any(item.entry for item in project.manifest.contributions)


def pack_guests(project: Project) -> list[Path]:
    """Give every guest the sections of its descriptor as it is now; those that were changed.

    Raises:
        InvalidPathError: a guest is not there.
        SerializationError: it is no module.
    """
    done = []
    for work in project.works:
        if work.module is None:
            continue
        if not work.module.is_file():
            raise InvalidPathError("the guest is not built", path=work.module, hint="kadr plugin build")
        code = work.module.read_bytes()
        if (made := packed(code, work.descriptor)) != code:
            write_whole(work.module, made)
            done.append(work.module)
    return done


def target_of(project: Project) -> Path:
    """Where the package goes by itself: ``dist/ID-VERSION`` in the plugin's folder."""
    return project.root / "dist" / f"{project.manifest.id}-{project.manifest.version}"


def package_files(project: Project, evidence: bytes) -> Mapping[str, bytes]:
    """Name and bytes of every file: all but Python code, README and licence, vectors, evidence."""
    found = {name: path.read_bytes() for name, path in _paths(project)}
    return dict(sorted((found | {EVIDENCE: evidence}).items()))


def _paths(project: Project) -> Iterator[tuple[str, Path]]:
    for path in sorted(project.home.rglob("*")):
        inside = path.relative_to(project.home)
        if any(part.startswith(".") or part in ("__pycache__", "dist") for part in inside.parts):
            continue
        if path.is_symlink():
            raise InvalidPathError("a symbolic link cannot be packed", path=path, hint="put the file there")
        if path.is_file() and path.suffix not in _SKIPPED and path.name != "py.typed":
            yield inside.as_posix(), path
    for name in _BESIDE:
        if (path := project.root / name).is_file():
            yield name, path
    for path in sorted(project.vectors.glob("*.json")):
        yield f"vectors/{path.name}", path


def write_package(target: Path, files: Mapping[str, bytes], *, overwrite: bool) -> bool:
    """Write the folder, whole or not at all; False where the same files stand there already.

    Raises:
        InvalidPathError: something else stands there.
        StorageError: the disk refuses.
    """
    if os.path.lexists(target):
        if _standing(target) == files:
            return False
        if not overwrite or not (target / EVIDENCE).is_file():
            hint = "raise the version in plugin.toml, or add --overwrite"
            raise InvalidPathError("another package stands there", path=target, hint=hint)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        for name, data in files.items():
            path = temporary / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if target.exists():
            shutil.rmtree(target)
        temporary.rename(target)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        text = f"cannot write: {error.strerror or error}"
        raise StorageError(text, path=target, hint="check the disk and the rights of the folder") from error
    return True


def _standing(target: Path) -> Mapping[str, bytes]:
    paths = target.rglob("*") if target.is_dir() else ()
    return {path.relative_to(target).as_posix(): path.read_bytes() for path in paths if path.is_file()}
