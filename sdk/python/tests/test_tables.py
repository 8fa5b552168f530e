"""SQLite files brought up to date: by one, once, and never backwards."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from kadr_sdk.errors import StorageError
from kadr_sdk.tables import Migrations, open_tables

FIRST = ("CREATE TABLE a (x INTEGER)", "INSERT INTO a VALUES (1)")
SECOND = ("ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7",)
NEWER = StorageError("written by a newer kadr")


def rows(path: Path, steps: Migrations) -> list[tuple[int, ...]]:
    with closing(open_tables(path, steps, NEWER)) as connection:
        return connection.execute("SELECT * FROM a").fetchall()


def test_an_empty_file_and_an_older_one_become_todays(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.sqlite3"
    assert rows(path, [FIRST]) == [(1,)]
    assert rows(path, [FIRST, SECOND]) == [(1, 7)]
    assert rows(path, [FIRST, SECOND]) == [(1, 7)]


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    rows(path, [FIRST, SECOND])
    with pytest.raises(StorageError, match="newer kadr"):
        open_tables(path, [FIRST], NEWER)
    assert rows(path, [FIRST, SECOND]) == [(1, 7)]


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    rows(path, [FIRST])
    with pytest.raises(sqlite3.OperationalError):
        open_tables(path, [FIRST, ("DELETE FROM a", "CREATE nonsense")], NEWER)
    assert rows(path, [FIRST]) == [(1,)]


def test_many_at_once_bring_it_up_to_date_once(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    found: list[list[tuple[int, ...]]] = []
    threads = [threading.Thread(target=lambda: found.append(rows(path, [FIRST, SECOND]))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[(1, 7)]] * 8


@pytest.mark.parametrize(("durable", "level"), [(False, 1), (True, 2)])
def test_how_safe_what_is_committed_is(tmp_path: Path, durable: bool, level: int) -> None:
    with closing(open_tables(tmp_path / "a", [FIRST], NEWER, durable=durable)) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (level,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_what_is_no_such_file(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    path.write_bytes(b"a picture, perhaps" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        open_tables(path, [FIRST], NEWER)
