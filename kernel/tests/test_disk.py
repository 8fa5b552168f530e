"""Whole files: links stay, rights stay, locks are held by one and freed by death."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from kadr_kernel.disk import locked, write_whole
from kadr_sdk.errors import StorageError

posix = pytest.mark.skipif(os.name == "nt", reason="rights and links of POSIX")


def test_a_reader_sees_the_old_or_the_new_whole(tmp_path: Path) -> None:
    file, seen, stop = tmp_path / "x", set(), threading.Event()
    texts = [bytes([65 + i]) * 200_000 for i in range(3)]
    write_whole(file, texts[0])

    def read() -> None:
        while not stop.is_set():
            seen.add(file.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(30):
        write_whole(file, texts[turn % 3])
    stop.set()
    reader.join()
    assert seen <= set(texts)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@posix
def test_links_and_rights_stay(tmp_path: Path) -> None:
    real, link, private = tmp_path / "real", tmp_path / "link", tmp_path / "deep" / "private"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert real.stat().st_mode & 0o777 == 0o640
    write_whole(private, b"secret", private=True)
    assert private.stat().st_mode & 0o777 == 0o600


def test_a_folder_in_the_way_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be written"):
        write_whole(tmp_path / "file" / "x", b"")
    with pytest.raises(StorageError, match="cannot be locked"), locked(tmp_path / "file" / "lock"):
        pass
    with pytest.raises(StorageError, match="cannot be written"):
        write_whole(tmp_path, b"")


def test_a_lock_is_held_by_one_and_freed_by_death(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    code = (
        "import sys, pathlib\nfrom kadr_kernel.disk import locked\n"
        "with locked(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"held"
        with pytest.raises(StorageError, match="another process holds the lock"), locked(lock, timeout=0.05):
            pass
        other.kill()
        other.wait(5)
        with locked(lock, timeout=5):
            pass


def test_a_lock_keeps_other_threads_out_too(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(5):
            with locked(tmp_path / "lock"):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.001)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}


def test_a_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    def fail() -> None:
        with locked(tmp_path / "lock"):
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()
    with locked(tmp_path / "lock", timeout=0):
        assert (tmp_path / "lock").exists()


@pytest.mark.parametrize("broken", ["fsync", "open"])
def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    path = tmp_path / "f"
    write_whole(path, b"one")

    def fail(*args: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(StorageError) as caught:
        write_whole(path, b"two")
    monkeypatch.undo()
    assert str(caught.value) == f"{path}: cannot be written: No space left on device (free some space)"
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]
