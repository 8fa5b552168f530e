"""Scans: what is new, changed, moved, gone or broken; and that unchanged files cost nothing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from kadr_scanner.digest import digest_of
from kadr_sdk.errors import CancelledError, InvalidPathError
from kadr_sdk.events import (
    FilesDiscovered,
    MediaFailed,
    MediaProgressed,
    MediaRelinked,
    MetadataReady,
    WarningRaised,
)


def kinds(shelf: Any, kind: type) -> list[Any]:
    return [event for event in shelf.events if isinstance(event, kind)]


def test_a_first_scan(shelf: Any) -> None:
    shelf.film("a.mp4")
    shelf.film("deep/er/b.MOV", frames=75)
    (shelf.folder / "notes.txt").write_text("not media", "utf-8")
    (shelf.folder / "bad.mkv").write_text("nonsense", "utf-8")
    done = shelf.scan()
    assert (done.files, done.new, done.changed, done.failed) == (3, 3, 0, 1)
    row = shelf.row("deep/er/b.MOV")
    assert (row.kind, row.duration, row.width, row.height, row.fps) == ("video", 3.0, 64, 36, 25.0)
    assert row.digest == digest_of(row.path, lambda: None)
    assert row.facts["packets"] == {
        "frames": 75, "keys": 75, "variable": False, "start": "0/1", "duration": "3/1",
    }  # fmt: skip
    bad = shelf.row("bad.mkv")
    assert bad.state == "failed"
    assert bad.reason.startswith("not readable as media")
    assert kinds(shelf, FilesDiscovered) == [FilesDiscovered(str(shelf.folder), 3, 3)]
    assert {(e.path, e.kind, e.duration) for e in kinds(shelf, MetadataReady)} == {
        (str(shelf.folder / "a.mp4"), "video", 2.0),
        (str(row.path), "video", 3.0),
    }
    assert [e.path for e in kinds(shelf, MediaFailed)] == [str(bad.path)]
    assert {e.task for e in kinds(shelf, MediaProgressed) if e.done == e.total} == {
        "metadata", "digests", "packets",
    }  # fmt: skip


def test_unchanged_files_are_not_touched(shelf: Any) -> None:
    shelf.film("a.mp4")
    (shelf.folder / "bad.mkv").write_text("nonsense", "utf-8")
    shelf.scan()
    before = shelf.index.rows("SELECT * FROM file")
    done = shelf.scan()
    assert (done.new, done.changed, done.failed) == (0, 0, 0)
    assert shelf.backend.probed == []
    assert shelf.index.rows("SELECT * FROM file") == before


def test_a_changed_file_is_looked_at_again(shelf: Any) -> None:
    shelf.film("a.mp4")
    shelf.scan()
    first = shelf.row("a.mp4")
    shelf.film("a.mp4", frames=100)
    done = shelf.scan()
    second = shelf.row("a.mp4")
    assert (done.new, done.changed) == (0, 1)
    assert (second.id, second.duration) == (first.id, 4.0)
    assert second.digest != first.digest


@pytest.mark.parametrize("same_inode", [True, False])
def test_a_moved_file_is_recognised(shelf: Any, same_inode: bool) -> None:
    shelf.film("a.mp4")
    shelf.scan()
    before = shelf.row("a.mp4")
    target = shelf.folder / "else" / "renamed.mp4"
    target.parent.mkdir()
    if same_inode:
        (shelf.folder / "a.mp4").rename(target)
    else:
        target.write_bytes((shelf.folder / "a.mp4").read_bytes())
        (shelf.folder / "a.mp4").unlink()
    done = shelf.scan()
    after = shelf.row("else/renamed.mp4")
    assert (done.new, done.relinked, done.missing) == (0, 1, 0)
    assert shelf.backend.probed == []
    assert (after.id, after.digest, after.facts) == (before.id, before.digest, before.facts)
    assert kinds(shelf, MediaRelinked) == [MediaRelinked(str(target), str(before.path))]
    assert shelf.index.former(before.path) == before.digest
    assert shelf.index.files("id IN (SELECT rowid FROM search WHERE search MATCH 'renamed')")


def test_moved_out_of_a_folder_that_is_not_scanned(shelf: Any) -> None:
    shelf.film("one/a.mp4")
    shelf.scan()
    (shelf.folder / "two").mkdir()
    (shelf.folder / "one" / "a.mp4").rename(shelf.folder / "two" / "a.mp4")
    assert shelf.scan(folder=shelf.folder / "two").relinked == 1
    assert shelf.index.find(shelf.folder / "one" / "a.mp4") is None


def test_a_copy_is_no_move(shelf: Any) -> None:
    path = shelf.film("a.mp4")
    shelf.scan()
    (shelf.folder / "b.mp4").write_bytes(path.read_bytes())
    done = shelf.scan()
    assert (done.new, done.relinked) == (1, 0)
    assert [r.name for r in shelf.index.of_content(shelf.row("a.mp4").digest)] == ["a.mp4", "b.mp4"]


def test_gone_and_back(shelf: Any) -> None:
    path = shelf.film("sub/a.mp4")
    shelf.scan()
    aside = shelf.folder.parent / "aside.bin"
    path.rename(aside)
    path.parent.rmdir()
    assert shelf.scan().missing == 1
    assert shelf.row("sub/a.mp4").state == "missing"
    path.parent.mkdir()
    aside.rename(path)
    assert shelf.scan().missing == 0
    assert shelf.row("sub/a.mp4").state == "ready"
    assert shelf.backend.probed == []


def test_depths_build_on_each_other(shelf: Any) -> None:
    shelf.film("a.mp4")
    shelf.scan("metadata")
    assert (shelf.row("a.mp4").digest, shelf.row("a.mp4").packets) == ("", False)
    shelf.scan("digests")
    assert (shelf.row("a.mp4").digest != "", shelf.row("a.mp4").packets) == (True, False)
    shelf.scan("packets")
    assert shelf.row("a.mp4").packets
    assert shelf.backend.probed == []


def test_hidden_files_and_links(shelf: Any) -> None:
    shelf.film(".hidden.mp4")
    shelf.film(".git/a.mp4")
    shelf.film("real/a.mp4")
    try:
        (shelf.folder / "real" / "loop").symlink_to(shelf.folder, target_is_directory=True)
    except OSError:
        pytest.skip("links need a right on this system")
    assert shelf.scan().files == 1


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there names are always text")
def test_names_that_are_no_text(shelf: Any) -> None:
    Path(os.fsdecode(os.fsencode(shelf.folder) + b"/\xff.mp4")).write_bytes(b"x")
    assert shelf.scan().files == 0
    assert [e.message for e in kinds(shelf, WarningRaised)] == [
        "left out: the name is not text (UTF-8); rename it"
    ]


def test_no_folder(shelf: Any) -> None:
    with pytest.raises(InvalidPathError, match="does not exist"):
        shelf.scan(folder=shelf.folder / "nowhere")
    with pytest.raises(InvalidPathError, match="is not a folder"):
        shelf.scan(folder=shelf.film("a.mp4"))


def test_cancelling_keeps_what_is_done(shelf: Any) -> None:
    for number in range(20):
        shelf.film(f"{number:02d}.mp4")
    probe = shelf.backend.probe

    def stopping(path: Path) -> Any:
        if path.name == "10.mp4":
            raise CancelledError("stopped")
        return probe(path)

    shelf.backend.probe = stopping
    with pytest.raises(CancelledError):
        shelf.scan()
    kept = shelf.index.rows("SELECT count(*) FROM file")[0][0]
    assert 0 < kept < 20
    shelf.backend.probe = probe
    shelf.scan()
    assert len(shelf.backend.probed) == 20 - kept


def test_a_defect_costs_one_file(shelf: Any) -> None:
    shelf.film("a.mp4")
    shelf.film("b.mp4")
    probe = shelf.backend.probe

    def odd(path: Path) -> Any:
        if path.name == "a.mp4":
            raise ZeroDivisionError("oops")
        return probe(path)

    shelf.backend.probe = odd
    assert shelf.scan().failed == 1
    assert shelf.row("a.mp4").reason == "a defect of kadr: ZeroDivisionError: oops"
    assert shelf.row("b.mp4").state == "ready"
    shelf.backend.probe = probe
    assert shelf.scan().changed == 0
    assert shelf.scan(retry=True).changed == 1
    assert shelf.row("a.mp4").state == "ready"


KILLED = """
import sys
from pathlib import Path
from kadr_kernel.pools import Scheduler
from kadr_scanner.index import Index
from kadr_scanner.scan import Scan
from kadr_sdk.testing.memory import MemoryBackend
backend = MemoryBackend()
with Scheduler(cpu_count=2) as scheduler:
    index = Index(Path(sys.argv[1]))
    while True:
        index.rows("DELETE FROM file")
        Scan(index, backend, scheduler, lambda _: None).run(Path(sys.argv[2]))
        print("done", flush=True)
"""


def test_kill_never_corrupts(shelf: Any) -> None:
    for number in range(30):
        shelf.film(f"{number:02d}.mp4", frames=2 + number)
    for pause in (0.0, 0.011, 0.023):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(shelf.index.path), str(shelf.folder)], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"done\n"
        time.sleep(pause)
        child.kill()
        child.communicate()
        with sqlite3.connect(shelf.index.path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            connection.execute("INSERT INTO search (search) VALUES ('integrity-check')")
        connection.close()
    shelf.scan()
    assert shelf.index.rows("SELECT count(*), sum(packets) FROM file") == [(30, 30)]
