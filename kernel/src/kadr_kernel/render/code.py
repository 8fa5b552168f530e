"""Digests of plugin code, for the hash of what it makes: other code, other hash."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Iterable
from pathlib import Path

__all__ = ["CodeDigests", "package_digest"]


class CodeDigests:
    """Remembers the digest of each package while a plan is made."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, implementation: object) -> str:
        """sha256 (hex) of the package that an implementation lives in.

        The whole package, because an effect's file alone says little of the modules it shares
        with others.
        """
        kind = type(implementation)
        package = kind.__module__.partition(".")[0]
        if package not in self._known:
            self._known[package] = _digest(package, kind)
        return self._known[package]


def package_digest(package: str) -> str:
    """sha256 (hex) of a package's code, without importing it; "" where there is none."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return ""
    paths = _files(spec.submodule_search_locations or () if spec else ())
    return _sum(paths) if paths else ""


def _files(folders: Iterable[str]) -> list[tuple[Path, Path]]:
    return [
        (path.relative_to(folder), path) for folder in map(Path, folders) for path in folder.rglob("*.py")
    ]


def _digest(package: str, kind: type) -> str:
    paths = _files(getattr(sys.modules.get(package), "__path__", ()))
    if not paths:
        with contextlib.suppress(OSError, TypeError):
            file = Path(inspect.getfile(kind))
            paths = [(Path(file.name), file)]
    if not paths:  # made in memory: the name has to do
        return hashlib.sha256(f"{kind.__module__}.{kind.__qualname__}".encode()).hexdigest()
    return _sum(paths)


def _sum(paths: list[tuple[Path, Path]]) -> str:
    digest = hashlib.sha256()
    for name, path in sorted(paths):
        digest.update(f"{name.as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()
