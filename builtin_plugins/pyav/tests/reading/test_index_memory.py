"""The frame index is made once for each state of a file, and remembered by other processes."""

from __future__ import annotations

import json
import os
import shutil
import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_pyav import index as index_module
from kadr_pyav import index_memory
from kadr_pyav.index import IndexCache, Scan, scan_stream
from kadr_pyav.index_memory import CACHE_KIND, IndexMemory
from kadr_pyav.reader import FrameReader
from kadr_pyav.scan_data import scan_from, scan_to
from kadr_sdk.errors import Problem
from kadr_sdk.media import FrameIndex


class Folder:
    """The service ``Cache`` as a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, kind: str, key: str) -> Path | None:
        found = self.path / f"{kind}-{key}"
        return found if found.exists() else None

    def put(self, kind: str, key: str, source: Path) -> None:
        shutil.copy(source, self.path / f"{kind}-{key}")

    @property
    def entries(self) -> list[Path]:
        return sorted(self.path.iterdir())


@pytest.fixture
def kept(tmp_path: Path) -> Folder:
    path = tmp_path / "cache"
    path.mkdir()
    return Folder(path)


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files that were scanned."""
    seen: list[Path] = []

    def scan(path: Path, stream: int, options: Any = None) -> Scan:
        seen.append(path)
        return scan_stream(path, stream, options)

    monkeypatch.setattr(index_module, "scan_stream", scan)
    monkeypatch.setattr(index_memory, "_WORTH", 10)
    return seen


def process(kept: Folder, versions: str = "libav 1") -> IndexCache:
    """What a new process has: nothing of its own, and the cache."""
    return IndexCache(memory=IndexMemory(lambda: kept, versions))  # type: ignore[arg-type] # of Cache, what it uses


def test_another_process_remembers(film, kept: Folder, scans: list[Path]) -> None:
    path = film.write("a.mp4", options={"x264-params": "keyint=12:bframes=3:open-gop=1"})
    first, second = process(kept).get(path, 0), process(kept).get(path, 0)
    assert scans == [path]
    assert first == second
    assert [e.name.split("-")[0] for e in kept.entries] == [CACHE_KIND]
    reader = FrameReader(path, 0, second)
    assert [film.number(reader.frame(n)) for n in (49, 3, 30, 13, 12)] == [49, 3, 30, 13, 12]
    reader.close()


def test_a_changed_file_is_scanned_again(film, kept: Folder, scans: list[Path]) -> None:
    path = film.write("a.mp4")
    before = process(kept).get(path, 0)
    film.write("a.mp4", count=40)
    os.utime(path, ns=(1, 1))
    after = process(kept).get(path, 0)
    assert len(scans) == 2
    assert (len(before.frames.pts), len(after.frames.pts)) == (50, 40)
    moved = path.rename(path.with_name("b.mp4"))
    assert process(kept).get(moved, 0) == after
    assert len(scans) == 3


def test_other_libraries_scan_again(film, kept: Folder, scans: list[Path]) -> None:
    path = film.write("a.mp4")
    process(kept).get(path, 0)
    process(kept, "libav 2").get(path, 0)
    assert len(scans) == 2


@pytest.mark.parametrize("damage", ["cut", "empty", "swapped", "grown", "nonsense", "unordered"])
def test_a_damaged_entry_is_not_believed(film, kept: Folder, scans: list[Path], damage: str) -> None:
    path = film.write("a.mp4")
    wanted = process(kept).get(path, 0)
    (entry,) = kept.entries
    data = entry.read_bytes()
    line, rest = data.split(b"\n", 1)
    entry.write_bytes(
        {
            "cut": data[:-9],
            "empty": b"",
            "swapped": rest + line,
            "grown": data + bytes(8),
            "nonsense": b'{"version": 1}\n',
            "unordered": line + b"\n" + struct.pack("<q", 1 << 40) + rest[8:],
        }[damage]
    )
    assert process(kept).get(path, 0) == wanted
    assert len(scans) == 2
    assert entry.read_bytes() == data, "and the entry is a good one again"


def test_a_cache_that_cannot_write_changes_nothing(film, kept: Folder, scans: list[Path]) -> None:
    class Full(Folder):
        def put(self, kind: str, key: str, source: Path) -> None:
            raise OSError(28, "No space left on device")

    path = film.write("a.mp4")
    full = Full(kept.path)
    assert process(full).get(path, 0) == process(full).get(path, 0)
    assert len(scans) == 2


def test_short_films_are_not_kept(film, kept: Folder, scans: list[Path]) -> None:
    process(kept).get(film.write("a.mp4", count=9), 0)
    assert kept.entries == []


SCAN = Scan(
    FrameIndex(Fraction(1, 90000), (0, 3000, 6006, 9009), (0, 2), 12012),
    (None, 5),
    {-1: 0, 0: 3000, 7: 6006},
    True,
    (-3000, None),
    frozenset({3000}),
    (Problem("stream 0", "odd", "look"),),
)


def test_there_and_back() -> None:
    assert scan_from(scan_to(SCAN)) == SCAN


@pytest.mark.parametrize(
    "wrong",
    [
        {"base": "0/1"},
        {"base": 5},
        {"end": 9009},
        {"end": "late"},
        {"counted": "yes"},
        {"first": [1, 2, 3]},
        {"sizes": {"pts": -1}},
        {"version": 99},
        {"warnings": [[1]]},
    ],
)
def test_what_a_stranger_might_write(wrong: dict[str, Any]) -> None:
    line, rest = scan_to(SCAN).split(b"\n", 1)
    head = json.loads(line)
    head |= {k: v for k, v in wrong.items() if k != "sizes"}
    head["sizes"] |= wrong.get("sizes", {})
    with pytest.raises(ValueError, match=r"."):
        scan_from(json.dumps(head).encode() + b"\n" + rest)
    with pytest.raises(ValueError, match=r"."):
        scan_from(scan_to(replace(SCAN, frames=FrameIndex(Fraction(1, 25), (0, 1), (1,), 2), key_dts=(0,))))
