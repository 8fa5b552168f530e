"""Whole files: links stay, rights stay, locks are held by one and freed by death."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
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
