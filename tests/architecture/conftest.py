"""The repository as the rules of the house see it."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def files() -> list[Path]:
    """Every file of the project: what git tracks, or, in an unpacked archive, what lies there."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        found = [p for p in ROOT.rglob("*") if not _generated(p.relative_to(ROOT))]
    else:
        found = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return sorted(p for p in found if p.is_file())


def _generated(path: Path) -> bool:
    return any((part.startswith(".") and part != ".ci") or part in ("dist", "build") for part in path.parts)


@pytest.fixture(scope="session")
def python_files(files: list[Path]) -> list[Path]:
    """Every Python file."""
    return [path for path in files if path.suffix == ".py"]


@pytest.fixture(scope="session")
def shipped(python_files: list[Path]) -> list[Path]:
    """Python files of the distributions: what runs on a user's machine."""
    return [p for p in python_files if "src" in p.relative_to(ROOT).parts]


@pytest.fixture(scope="session")
def parsed() -> Callable[[Path], ast.Module]:
    """The syntax tree of a file, parsed once."""
    known: dict[Path, ast.Module] = {}

    def parse(path: Path) -> ast.Module:
        if path not in known:
            known[path] = ast.parse(path.read_text("utf-8"), str(path))
        return known[path]

    return parse


@pytest.fixture(scope="session")
def at() -> Callable[[Path, int], str]:
    """A place in the repository, as text."""
    return lambda path, line: f"{path.relative_to(ROOT).as_posix()}:{line}"
