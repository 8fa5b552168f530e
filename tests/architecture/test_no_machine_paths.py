"""Nothing of one machine is committed: no paths of a home or work folder, no lock file, no media."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

MACHINE = re.compile(
    r"(?<![\w.~-])(?:/(?:home|root|Users|work|workspace|mnt|private)/[\w.-]+"
    r"|[A-Za-z]:\\\\?(?:Users|Work)\\\\?[\w.-]+)",
)
REGISTRY = re.compile(
    r"https?://[^\s\"')>]*(?:pypi|pythonhosted|artifactory|nexus|/simple\b)|index-url|index_url",
    re.IGNORECASE,
)
MEDIA = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".mp3", ".m4a", ".wav", ".flac", ".ogg", ".aac", ".y4m"}
BINARIES = MEDIA | {".onnx", ".whl", ".so", ".dll", ".dylib", ".pyc", ".part"}
LARGEST_GUEST = 64_000
"""Bytes; a guest of a built-in plugin is committed beside its source, so that no user needs a compiler."""
GUEST_SOURCES = (".c", ".cpp", ".zig", ".rs", ".go", ".ts", ".wat")
LARGEST = 1_000_000
"""Bytes; a committed file that is larger is media or a model under another name."""


def test_no_paths_of_a_machine(files: list[Path], root: Path) -> None:
    assert _lines(files, root, MACHINE) == []


def test_no_package_registry_is_named(files: list[Path], root: Path) -> None:
    assert _lines(files, root, REGISTRY) == []


def test_no_lock_file_and_no_binaries(files: list[Path]) -> None:
    names = [p.name for p in files]
    assert "uv.lock" not in names, "it records download addresses; pins are constraint-dependencies"
    assert [p for p in files if p.suffix.lower() in BINARIES] == [], "tests make their media themselves"
    assert [p for p in files if p.stat().st_size > LARGEST] == []


def test_guests_are_small_and_have_their_source_beside_them(files: list[Path]) -> None:
    guests = [p for p in files if p.suffix == ".wasm"]
    assert [p for p in guests if p.stat().st_size > LARGEST_GUEST] == []
    there = set(files)
    assert [p for p in guests if not any(p.with_suffix(s) in there for s in GUEST_SOURCES)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see /home/ann/kadr/a.py", True),
        ("open('/work/films/x')", True),
        (r"C:\Users\ann\x", True),
        ("https://example.org/home/page", False),
        ("docs/work/notes.md", False),
        ("~/work/x", False),
    ],
)
def test_the_rule_sees_paths(text: str, found: bool) -> None:
    assert bool(MACHINE.search(text)) is found


def _lines(files: list[Path], root: Path, rule: re.Pattern[str]) -> list[str]:
    bad = []
    for path in files:
        if path.name == Path(__file__).name or b"\0" in (data := path.read_bytes()):
            continue
        for number, line in enumerate(data.decode("utf-8").splitlines(), 1):
            if rule.search(line):
                bad.append(f"{path.relative_to(root).as_posix()}:{number}: {line.strip()[:100]}")
    return bad
