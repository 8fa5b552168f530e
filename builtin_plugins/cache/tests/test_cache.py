"""What is put is got, verified, and kept within limits."""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

Read = Callable[..., Any]


def test_put_and_get(bench: Any, read: Read) -> None:
    cache = bench.cache()
    assert cache.get("segment", "a") is None
    bench.put(cache, "a", b"one")
    assert read(cache, "a") == b"one"
    assert cache.get("audio", "a") is None
    bench.put(cache, "a", b"two")
    assert read(cache, "a") == b"two"
    assert [p.read_bytes() for p in bench.blobs()] == [b"two"]
    assert read(bench.cache(), "a") == b"two"


def test_one_content_stands_once_for_all_its_keys(bench: Any, read: Read) -> None:
    cache = bench.cache()
    for key in "abc":
        bench.put(cache, key, b"the same")
    assert len(bench.blobs()) == 1
    assert cache.stats()["bytes"] == 8
    cache.put("audio", "x", bench.file(b"the same"))
    assert cache.clear("segment") == (3, 0)
    assert cache.get("audio", "x") is not None
    assert cache.clear() == (1, 8)
    assert bench.blobs() == []


@pytest.mark.skipif(os.name == "nt", reason="entries are copies there")
def test_entries_are_read_only_and_take_no_time_to_make(bench: Any) -> None:
    cache = bench.cache()
    source = bench.file(b"content")
    cache.put("segment", "a", source)
    (blob,) = bench.blobs()
    assert stat.S_IMODE(blob.stat().st_mode) == 0o444
    assert blob.samefile(source)


def test_a_copy_where_there_are_no_hard_links(
    bench: Any, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("os.link", refuse)
    cache = bench.cache()
    bench.put(cache, "a", b"content")
    assert read(cache, "a") == b"content"
    (blob,) = bench.blobs()
    damage(blob, 3)
    assert read(bench.cache(), "a") is None
    assert bench.blobs() == []


def damage(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x40
    path.chmod(0o644)
    path.write_bytes(data)


def test_a_changed_byte_anywhere_is_a_miss_and_made_again(bench: Any, read: Read) -> None:
    content = bytes(range(250)) * 20
    chance = random.Random(5)
    cache = bench.cache(shared=True)
    for count, at in enumerate([0, 4999, *(chance.randrange(5000) for _ in range(20))], 1):
        bench.put(cache, "a", content)
        assert read(cache, "a") == content
        (blob,) = bench.blobs()
        damage(blob, at)
        assert cache.get("segment", "a") is None
        assert bench.blobs() == []
        assert cache.stats()["kinds"]["segment"]["corrupt"] == count


def test_damage_between_two_processes_is_seen(bench: Any, read: Read) -> None:
    first = bench.cache()
    bench.put(first, "a", b"content")
    first.close()
    (blob,) = bench.blobs()
    times = blob.stat().st_mtime_ns
    damage(blob, 3)
    os.utime(blob, ns=(times, times))
    assert read(bench.cache(), "a") is None


@pytest.mark.parametrize("left", [0, 1, 4999])
def test_a_truncated_entry_is_a_miss_even_within_one_process(bench: Any, read: Read, left: int) -> None:
    cache = bench.cache()
    bench.put(cache, "a", bytes(5000))
    assert read(cache, "a") is not None
    (blob,) = bench.blobs()
    blob.chmod(0o644)
    os.truncate(blob, left)
    assert cache.get("segment", "a") is None
    assert bench.blobs() == []


def test_content_is_read_once_a_version_or_always_where_others_write(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.put(bench.cache(), "a", b"content")
    reads: list[Path] = []
    monkeypatch.setattr("kadr_cache.cache.digest_of", lambda p: reads.append(p) or _digest(p))
    cache, shared = bench.cache(), bench.cache(shared=True)
    for _ in range(3):
        assert cache.get("segment", "a") is not None
    assert len(reads) == 1
    (blob,) = bench.blobs()
    os.utime(blob, ns=(1, 1))
    cache.get("segment", "a")
    assert len(reads) == 2
    for _ in range(3):
        shared.get("segment", "a")
    assert len(reads) == 5


def _digest(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_was_unused_for_longest_goes_first(bench: Any, read: Read) -> None:
    cache = bench.cache(max_bytes=1000)
    for number in range(9):
        bench.put(cache, str(number), bytes([number]) * 100)
    for number in (0, 3):
        bench.now -= 1e6  # the clock plays no part in the order
        assert read(cache, str(number)) is not None
    bench.put(cache, "new", b"n" * 200)
    assert cache.stats()["bytes"] == 900
    assert [n for n in range(9) if read(cache, str(n))] == [0, 3, 4, 5, 6, 7, 8]
    assert read(cache, "new") is not None
    assert cache.stats()["kinds"]["segment"]["evictions"] == 2


def test_nothing_larger_than_the_whole_cache(bench: Any, read: Read) -> None:
    cache = bench.cache(max_bytes=1000)
    bench.put(cache, "a", b"a" * 500)
    bench.put(cache, "b", b"b" * 1001)
    assert read(cache, "a") is not None
    assert read(cache, "b") is None


@pytest.mark.parametrize("limit", [0, 100_000])
def test_room_is_left_on_the_disk(
    bench: Any, read: Read, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    cache = bench.cache(max_bytes=limit)
    for key in "abcd":
        bench.put(cache, key, key.encode() * 1000)
    assert len(bench.blobs()) == 4
    usage = SimpleNamespace(free=500_000_000 - 2500)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    bench.put(cache, "e", b"e" * 1000)
    assert [key for key in "abcde" if read(cache, key)] == ["d", "e"]
    usage.free = 0
    assert bench.warnings == []
    bench.put(cache, "f", b"f" * 1000)
    assert bench.blobs() == []
    (warning,) = bench.warnings
    assert "work goes on without it: less than 500 MB of the disk are free (free some space" in warning
    usage.free = 10**9
    monkeypatch.setattr(cache, "_off_until", 0.0)
    bench.put(cache, "g", b"g" * 1000)
    assert read(cache, "g") is not None


def test_cleaned_once_a_day_when_something_is_stored(bench: Any, read: Read) -> None:
    first = bench.cache(max_age=100_000.0)
    bench.put(first, "old", b"old")
    bench.now += 80_000
    bench.put(bench.cache(max_age=10.0), "a", b"a")
    assert read(first, "old") == b"old"
    bench.now += 10_000
    bench.put(bench.cache(max_age=10.0), "b", b"b")
    assert read(first, "old") is None
    assert len(bench.blobs()) == 1


def test_a_process_that_runs_for_days_cleans_every_day(bench: Any, read: Read) -> None:
    cache = bench.cache(max_age=100_000.0)
    bench.put(cache, "old", b"old")
    for day in range(1, 4):
        bench.now += 86_401
        bench.put(cache, f"day {day}", str(day).encode())
    assert read(cache, "old") is None
    assert read(cache, "day 2") is not None


def test_age(bench: Any, read: Read) -> None:
    cache = bench.cache(max_age=100.0)
    for key in "ab":
        bench.put(cache, key, key.encode())
    bench.now += 90
    assert read(cache, "a") == b"a"
    bench.now += 20
    assert cache.clean().expired == 1
    assert (read(cache, "a"), read(cache, "b")) == (b"a", None)


def test_a_clock_that_was_wrong_keeps_nothing_for_ever(bench: Any, read: Read) -> None:
    cache = bench.cache(max_age=100.0)
    bench.now += 1e9
    bench.put(cache, "a", b"a")
    bench.now -= 1e9
    assert cache.clean().expired == 0
    assert read(cache, "a") == b"a"
    bench.now += 101
    assert cache.clean().expired == 1


def test_what_a_job_was_given_stays_until_it_ends(bench: Any) -> None:
    cache, other = bench.cache(), bench.cache()
    bench.put(cache, "a", b"content")
    cache.begin_job("j1")
    path = cache.get("segment", "a")
    cache.begin_job("j2")
    assert cache.get("segment", "a") == path
    other.clear()
    assert bench.blobs() == []
    other.clean()
    assert path.read_bytes() == b"content"
    cache.end_job("j1")
    assert path.read_bytes() == b"content"
    cache.end_job("j2")
    assert not path.exists()


def test_given_outside_a_job_it_stays_until_the_end(bench: Any) -> None:
    cache = bench.cache()
    bench.put(cache, "a", b"content")
    path = cache.get("segment", "a")
    cache.begin_job("j")
    cache.end_job("j")
    assert path.read_bytes() == b"content"
    cache.close()
    assert not path.exists()


def test_switched_off(bench: Any) -> None:
    bench.put(bench.cache(), "a", b"a")
    cache = bench.cache(enabled=False)
    assert cache.get("segment", "a") is None
    bench.put(cache, "b", b"b")
    with cache.claim("segment", "a") as path:
        assert path is None
    assert cache.stats()["kinds"]["segment"]["entries"] == 1
    assert cache.health() == ("healthy", "switched off")


def test_statistics_of_all_processes(bench: Any) -> None:
    cache = bench.cache(max_bytes=10_000_000)
    cache.get("segment", "a")
    bench.put(cache, "a", b"12345")
    for _ in range(3):
        cache.get("segment", "a")
    cache.close()
    found = bench.cache(max_bytes=10_000_000).stats()
    assert found["kinds"] == {
        "segment": {
            "entries": 1,
            "bytes": 5,
            "hits": 3,
            "misses": 1,
            "stored": 1,
            "evictions": 0,
            "corrupt": 0,
            "hit_ratio": 0.75,
        }
    }
    assert (found["bytes"], found["max_bytes"]) == (5, 10_000_000)


def test_health_says_size_and_limit(bench: Any) -> None:
    cache = bench.cache(max_bytes=10_000_000)
    bench.put(cache, "a", bytes(2_000_000))
    assert cache.health() == ("healthy", "2.0 MB of 10 MB")
    assert bench.cache().health() == ("healthy", "2.0 MB, no limit")
    assert bench.cache(max_bytes=1_000_000).health()[0] == "warning"


def test_verify_reads_everything(bench: Any, read: Read) -> None:
    cache = bench.cache()
    for key in "abc":
        bench.put(cache, key, key.encode() * 100)
    assert cache.verify() == []
    bad = next(p for p in bench.blobs() if p.read_bytes()[:1] == b"b")
    damage(bad, 50)
    assert [e.key for e in cache.verify()] == ["b"]
    assert [read(cache, key) is None for key in "abc"] == [False, True, False]


def test_backup_programs_leave_it_out(bench: Any) -> None:
    bench.put(bench.cache(), "a", b"a")
    tag = (bench.folder / "cache" / "CACHEDIR.TAG").read_text("utf-8")
    assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55")
