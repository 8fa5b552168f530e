from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from kadr_kernel.plugins.crashes import Crash, CrashGuard

CRASH = """
import os, sys
from pathlib import Path
from kadr_kernel.plugins.crashes import CrashGuard
with CrashGuard(Path(sys.argv[1])).around(sys.argv[2], sys.argv[3]):
    os._exit(139)
"""
WAIT = """
import sys
from pathlib import Path
from kadr_kernel.plugins.crashes import CrashGuard
with CrashGuard(Path(sys.argv[1])).around("x.slow", "m:x"):
    print("inside", flush=True)
    sys.stdin.read()
"""


def crash(folder: Path, plugin: str = "x.bad", entry: str = "m:x") -> None:
    done = subprocess.run([sys.executable, "-c", CRASH, str(folder), plugin, entry], timeout=60)
    assert done.returncode == 139


def test_a_finished_block_leaves_nothing(tmp_path: Path) -> None:
    guard = CrashGuard(tmp_path / "crashes")
    with guard.around("x.a", "m:x"):
        assert guard.crashes() == {}, "a block that runs is no crash"
    with pytest.raises(ZeroDivisionError), guard.around("x.a", "m:x"):
        raise ZeroDivisionError
    assert list((tmp_path / "crashes").iterdir()) == []


def test_crashes_are_counted_by_entry_and_forgotten_after_a_success(tmp_path: Path) -> None:
    guard = CrashGuard(tmp_path)
    crash(tmp_path)
    crash(tmp_path)
    crash(tmp_path, entry="m:y")
    crash(tmp_path, plugin="x.bad_too")
    assert guard.crashes() == {"x.bad": Crash("x.bad", "m:x", 2), "x.bad_too": Crash("x.bad_too", "m:x", 1)}
    with guard.around("x.bad", "m:x"):
        pass
    assert guard.crashes()["x.bad"] == Crash("x.bad", "m:y", 1)
    guard.clear("x.bad")
    assert list(guard.crashes()) == ["x.bad_too"], "ids that begin alike are different plugins"


def test_a_process_inside_is_no_crash_until_it_dies(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WAIT, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "inside\n"
        guard = CrashGuard(tmp_path)
        assert guard.crashes() == {}
        with guard.around("x.slow", "m:x"):
            pass
        guard.clear("x.slow")
        child.kill()
        child.wait(30)
    deadline = time.monotonic() + 20  # the system may give up a dead process's lock a moment later
    while "x.slow" not in guard.crashes() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert guard.crashes()["x.slow"].count == 1, "the marker of a living process must not be removed"


def test_blocks_may_be_nested_and_equal(tmp_path: Path) -> None:
    guard = CrashGuard(tmp_path)
    with guard.around("x.a", "m:x"), guard.around("x.a", "m:x"), guard.around("x.b", "m:x"):
        assert guard.crashes() == {}
    assert list(tmp_path.iterdir()) == []


def test_without_a_writable_folder_nothing_is_guarded(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", "utf-8")
    for guard in (CrashGuard(None), CrashGuard(blocked), CrashGuard(blocked / "below")):
        with guard.around("x.a", "m:x"):
            pass
        assert guard.crashes() == {}
        guard.clear("x.a")


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    (tmp_path / "x.odd@1.running").write_bytes(b"\xff\xff")
    guard = CrashGuard(tmp_path)
    assert guard.crashes() == {}
    guard.clear("notes")
    assert (tmp_path / "notes.txt").exists()
