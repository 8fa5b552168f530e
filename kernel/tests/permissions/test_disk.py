from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from kadr_kernel.permissions.disk import locked, write_whole
from kadr_sdk.errors import StorageError


def test_one_at_a_time(tmp_path: Path) -> None:
    inside = 0
    most = 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        for _ in range(5):
            with locked(tmp_path / "lock"):
                with guard:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.001)
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_waiting_has_an_end(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path):
        begin = time.monotonic()
        with pytest.raises(StorageError) as caught, locked(path, timeout=0.05):
            pytest.fail("two at once")
        assert time.monotonic() - begin < 2
    assert str(caught.value) == (
        f"{path}: another process holds the lock (wait for the other kadr process, or end it)"
    )
    with locked(path, timeout=0):
        assert path.exists()


def test_it_is_free_again_after_an_error(tmp_path: Path) -> None:
    def fail() -> None:
        with locked(tmp_path / "lock"):
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()
    with locked(tmp_path / "lock", timeout=0):
        pass


def test_a_killed_owner_leaves_no_stale_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from kadr_kernel.permissions.disk import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "held\n"
        with pytest.raises(StorageError), locked(path, timeout=0):
            pytest.fail("two at once")
    finally:
        owner.kill()
        owner.communicate()
    assert path.exists()
    with locked(path, timeout=5):
        pass


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


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
    assert str(caught.value) == f"{path}: cannot be written: No space left on device"
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]
