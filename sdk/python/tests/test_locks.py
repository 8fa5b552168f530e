"""Locks on files among openings of one file; among processes they are tried by who uses them."""

from __future__ import annotations

from pathlib import Path

import pytest
from kadr_sdk.locks import FileLock, try_lock, unlock


def test_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with path.open("a+b") as mine, path.open("a+b") as other:
        assert try_lock(mine)
        assert not try_lock(other)
        unlock(mine)
        assert try_lock(other)
        unlock(other)


def test_closing_gives_it_back(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with path.open("a+b") as mine:
        assert try_lock(mine, at=1 << 20)
    with path.open("a+b") as other:
        assert try_lock(other, at=1 << 20)


def test_the_file_goes_with_the_lock_and_comes_again(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    first, second = FileLock(path), FileLock(path)
    assert first.acquire()
    assert not second.acquire()
    first.release()
    first.release()
    assert not path.exists()
    assert second.acquire()
    second.release()


def test_waiting_can_be_ended(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "a.lock"), FileLock(tmp_path / "a.lock")
    assert first.acquire()

    def enough() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        second.acquire(60, enough)
    first.release()
