"""Whatever happens to disk, index and processes: a miss at worst, never wrong content, never an error."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kadr_cache import blobs, cache, files, index, schema
from kadr_cache.leases import Leases
from kadr_sdk.errors import CacheError

Read = Callable[..., Any]


def raising(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


FULL = OSError(errno.ENOSPC, "No space left on device")
READ_ONLY = OSError(errno.EROFS, "Read-only file system")


@pytest.mark.parametrize(
    ("place", "error", "says"),
    [
        ((blobs, "sync"), FULL, "No space left"),
        ((blobs, "link_or_copy"), READ_ONLY, "Read-only file system"),
        ((blobs.Blobs, "place"), FULL, "No space left"),
        ((index.Writer, "put"), sqlite3.OperationalError("database or disk is full"), "disk is full"),
        ((index, "open_index"), sqlite3.OperationalError("unable to open database file"), "unable to open"),
        ((index, "open_index"), PermissionError(errno.EACCES, "Permission denied"), "Permission denied"),
    ],
)
def test_what_cannot_be_stored_is_told_once(
    bench: Any, monkeypatch: pytest.MonkeyPatch, place: tuple[Any, str], error: Exception, says: str
) -> None:
    cache = bench.cache()
    with monkeypatch.context() as patch:
        patch.setattr(*place, raising(error))
        for key in "abc":
            bench.put(cache, key, key.encode())
            assert cache.get("segment", key) is None
            with cache.claim("segment", key) as path:
                assert path is None
    (warning,) = bench.warnings
    assert says in warning
    assert "work goes on without it" in warning
    assert str(bench.folder / "cache") in warning
    assert cache.health()[0] == "warning"
    assert list((bench.folder / "cache" / "incoming").glob("*")) == []


def test_it_is_used_again_after_a_while(bench: Any, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = bench.cache()
    with monkeypatch.context() as patch:
        patch.setattr(blobs, "sync", raising(FULL))
        bench.put(cache, "a", b"a")
    bench.put(cache, "a", b"a")
    assert read(cache, "a") is None
    monkeypatch.setattr(cache, "_off_until", 0.0)
    bench.put(cache, "a", b"a")
    assert read(cache, "a") == b"a"
    assert len(bench.warnings) == 1


def test_a_file_in_the_folders_place(bench: Any) -> None:
    (bench.folder / "cache").write_text("not a folder", "utf-8")
    cache = bench.cache()
    bench.put(cache, "a", b"a")
    assert cache.get("segment", "a") is None
    assert len(bench.warnings) == 1


def test_a_source_that_is_gone_is_no_trouble(bench: Any) -> None:
    cache = bench.cache()
    cache.put("segment", "a", bench.folder / "gone")
    assert cache.get("segment", "a") is None
    assert bench.warnings == []


class Killed(BaseException):
    """The process dies here."""


STEPS = [
    (blobs, "sync"),
    (blobs, "digest_of"),
    (blobs.Blobs, "place"),
    (index.Writer, "put"),
    (index.Writer, "count"),
    (cache, "version_of"),
]


@pytest.mark.parametrize("step", STEPS, ids=[name for _, name in STEPS])
@pytest.mark.parametrize("before", [True, False])
def test_death_between_any_two_steps_of_storing(
    bench: Any, read: Read, monkeypatch: pytest.MonkeyPatch, step: tuple[Any, str], before: bool
) -> None:
    """No cleaning up: as after kill -9 the next process finds what lies there."""
    whole = getattr(*step)
    dying = bench.cache()
    bench.put(dying, "old", b"old")

    def die(*args: Any, **more: Any) -> Any:
        if not before:
            whole(*args, **more)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(*step, die)
        patch.setattr(blobs, "remove", lambda _: False)
        patch.setattr(cache, "remove", lambda _: False)
        with pytest.raises(Killed):
            bench.put(dying, "a", b"content")
    following = bench.cache()
    assert read(following, "old") == b"old"
    assert read(following, "a") in (None, b"content")
    following.clear()
    assert bench.blobs() == []
    monkeypatch.setattr("kadr_cache.cleaning.time.time", lambda: bench.folder.stat().st_ctime + 3700)
    following.clean()
    assert list((bench.folder / "cache" / "incoming").glob("*")) == []
    bench.put(following, "a", b"content")
    assert read(following, "a") == b"content"


def test_orphans_go_when_they_are_old(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = bench.cache()
    bench.put(cache, "a", b"a")
    orphan = bench.folder / "cache" / "blobs" / "00" / ("00" * 32)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"12345")
    assert cache.clean().orphans == 0
    monkeypatch.setattr("kadr_cache.cleaning.time.time", lambda: orphan.stat().st_ctime + 3601)
    found = cache.clean()
    assert (found.orphans, found.bytes) == (1, 5)
    assert len(bench.blobs()) == 1


def test_an_entry_without_its_file_is_a_miss(bench: Any) -> None:
    cache = bench.cache()
    bench.put(cache, "a", b"a")
    bench.blobs()[0].unlink()
    assert cache.get("segment", "a") is None
    assert cache.clean().missing == 1
    assert cache.stats()["kinds"]["segment"]["entries"] == 0


@pytest.mark.parametrize("content", [b"", b"not a database, but long enough to look at" * 40])
def test_an_index_that_is_none_is_begun_anew(bench: Any, read: Read, content: bytes) -> None:
    first = bench.cache()
    bench.put(first, "a", b"a")
    first.close()
    path = bench.folder / "cache" / "index.sqlite3"
    path.write_bytes(content)
    cache = bench.cache()
    assert cache.get("segment", "a") is None
    cache._off_until = 0.0
    bench.put(cache, "a", b"a")
    assert read(cache, "a") == b"a"


def test_what_people_ask_for_works_with_an_index_that_is_none(bench: Any) -> None:
    for ask in ("stats", "clean", "verify", "clear"):
        first = bench.cache()
        bench.put(first, ask, ask.encode())
        first.close()
        (bench.folder / "cache" / "index.sqlite3").write_bytes(b"not a database" * 100)
        getattr(bench.cache(), ask)()
    assert bench.blobs() == []


def test_a_full_disk_can_be_cleared(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = bench.cache()
    bench.put(cache, "a", b"12345")

    def full() -> Any:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(cache._index, "write", full)
    with pytest.raises(sqlite3.OperationalError):
        cache.clear("segment")
    assert cache.clear() == (1, 5)
    assert bench.blobs() == []
    assert bench.cache().stats()["bytes"] == 0


def test_a_cache_that_another_process_writes_to_is_not_cleared_by_force(bench: Any) -> None:
    cache = bench.cache()
    bench.put(cache, "a", b"a")
    cache._index.rows("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(bench.folder / "cache" / "index.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        cache.clear()
    other.close()
    assert len(bench.blobs()) == 1


def test_an_index_of_a_newer_kadr_is_left_alone(bench: Any) -> None:
    first = bench.cache()
    bench.put(first, "a", b"a")
    first.close()
    path = bench.folder / "cache" / "index.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    cache = bench.cache()
    assert cache.get("segment", "a") is None
    assert "newer kadr" in bench.warnings[0]
    status, text = bench.cache().health()
    assert (status, "written by a newer kadr" in text) == ("warning", True)
    with pytest.raises(CacheError, match="newer kadr"):
        schema.open_index(path)


def test_the_folder_is_deleted_while_in_use(bench: Any, read: Read) -> None:
    import shutil

    cache = bench.cache()
    bench.put(cache, "a", b"a")
    assert read(cache, "a") == b"a"
    shutil.rmtree(bench.folder / "cache", ignore_errors=True)
    assert read(cache, "a") in (None, b"a")
    bench.put(cache, "b", b"b")
    assert read(cache, "b") in (None, b"b")
    cache.close()
    after = bench.cache()
    bench.put(after, "b", b"b")
    assert read(after, "b") == b"b"


def test_leases_of_the_dead_are_removed_those_of_the_living_stay(bench: Any, tmp_path: Path) -> None:
    cache = bench.cache()
    bench.put(cache, "a", b"a")
    alive = cache.get("segment", "a")
    dead = bench.folder / "cache" / "leases" / "1-dead"
    dead.mkdir()
    (dead / "x").write_bytes(b"x")
    (dead / "x").chmod(0o444)
    assert bench.cache().clean().leases == 1
    assert not dead.exists()
    dead.mkdir()
    other = bench.cache()
    assert other.get("segment", "a").exists()
    assert not dead.exists()
    assert alive.exists()


def test_closed_twice_and_used_after(bench: Any) -> None:
    cache = bench.cache()
    bench.put(cache, "a", b"a")
    cache.close()
    cache.close()
    assert cache.get("segment", "a") is None
    bench.put(cache, "b", b"b")
    assert bench.warnings == []


def test_failed_copies_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"a")

    def half(_: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise FULL

    monkeypatch.setattr(os, "link", raising(OSError(errno.EXDEV, "Invalid cross-device link")))
    monkeypatch.setattr("shutil.copyfile", half)
    with pytest.raises(OSError, match="No space"):
        files.link_or_copy(source, tmp_path / "b")
    assert not (tmp_path / "b").exists()
    with pytest.raises(OSError, match="No space"):
        Leases(tmp_path).lend("d" * 64, source)
