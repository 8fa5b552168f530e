"""Several that want the same thing: one makes it, the others get it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kadr_cache.flight import Flights, remove_free_locks
from kadr_sdk.locks import FileLock

Read = Callable[..., Any]


def test_threads_make_it_once(bench: Any) -> None:
    caches = [bench.cache(), bench.cache()]
    made: list[int] = []
    seen: list[bytes] = []

    def work(number: int) -> None:
        cache = caches[number % 2]
        with cache.claim("segment", "a") as path:
            if path is None:
                made.append(number)
                time.sleep(0.1)
                cache.put("segment", "a", bench.file(b"content", f"part{number}"))
                path = cache.get("segment", "a")
            seen.append(path.read_bytes())

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert seen == [b"content"] * 8


def test_other_keys_do_not_wait(bench: Any) -> None:
    cache = bench.cache()
    with cache.claim("segment", "a"), cache.claim("segment", "b"), cache.claim("audio", "a") as path:
        assert path is None


def test_where_the_maker_fails_the_next_one_makes_it(bench: Any) -> None:
    cache = bench.cache()
    with pytest.raises(ValueError, match="no"), cache.claim("segment", "a"):
        raise ValueError("no")
    with cache.claim("segment", "a") as path:
        assert path is None
    assert cache.stats()["kinds"]["segment"]["misses"] == 2


def test_waiting_can_be_ended(bench: Any) -> None:
    cache = bench.cache()
    calls: list[int] = []

    def cancelled() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with (
        cache.claim("segment", "a"),
        pytest.raises(KeyboardInterrupt),
        cache.claim("segment", "a", cancelled),
    ):
        raise AssertionError("nobody else may make it now")
    assert len(calls) == 3


def test_patience_ends(tmp_path: Path) -> None:
    flights = Flights(tmp_path, patience=0.05)
    with flights.alone("segment", "a"):
        began = time.monotonic()
        with flights.alone("segment", "a"):
            assert 0.05 <= time.monotonic() - began < 20
        assert not FileLock(next(tmp_path.glob("locks/*.lock"))).acquire(), "the first holds it still"


def test_no_lock_file_stays(tmp_path: Path) -> None:
    flights = Flights(tmp_path)
    with flights.alone("segment", "a"):
        assert len(list(tmp_path.glob("locks/*"))) == 1
        remove_free_locks(tmp_path)
        assert len(list(tmp_path.glob("locks/*"))) == 1
    assert list(tmp_path.glob("locks/*")) == []
    (tmp_path / "locks" / "left.lock").touch()
    remove_free_locks(tmp_path)
    assert list(tmp_path.glob("locks/*")) == []


HOLDER = """
import sys, time
from pathlib import Path
from kadr_sdk.locks import FileLock
lock = FileLock(Path(sys.argv[1]))
print(lock.acquire(), flush=True)
time.sleep(60)
"""


def test_a_lock_is_free_when_its_owner_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    owner = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE)
    try:
        assert owner.stdout is not None
        assert owner.stdout.readline().strip() == b"True"
        mine = FileLock(path)
        assert not mine.acquire(0.05)
    finally:
        owner.kill()
        owner.communicate()
    assert mine.acquire(5)
    mine.release()
    mine.release()


WORKER = """
import hashlib, logging, random, sys, time
from pathlib import Path
from kadr_cache.cache import DiskCache
from kadr_cache.settings import Settings

folder, seed = Path(sys.argv[1]), int(sys.argv[2])
chance = random.Random(seed)
said, damaged = [], []
logger = logging.getLogger("test")
logger.addFilter(lambda record: damaged.append(record.getMessage()))
cache = DiskCache(Settings(folder / "cache", max_bytes=60_000), warn=lambda *a: said.append(a), logger=logger)
def content(key):
    return hashlib.sha256(b"%d" % (key % 37)).digest() * (30 + key)
wrong = hits = 0
end = time.monotonic() + 1.2
while time.monotonic() < end:
    key = chance.randrange(60)
    path = cache.get("segment", str(key))
    if path is None:
        part = folder / f"part{seed}"
        part.unlink(missing_ok=True)
        part.write_bytes(content(key))
        cache.put("segment", str(key), part)
    else:
        hits += 1
        wrong += path.read_bytes() != content(key)
    if chance.random() < 0.03:
        cache.end_job("none"); cache.clean()
    if chance.random() < 0.01:
        cache.clear()
cache.close()
print(wrong, hits, len(said), len(damaged), said[:1], damaged[:1])
"""


def test_processes_write_read_evict_and_clear_at_once(bench: Any) -> None:
    command = [sys.executable, "-W", "error", "-c", WORKER, str(bench.folder)]
    workers = [
        subprocess.Popen([*command, str(seed)], stdout=subprocess.PIPE, text=True) for seed in range(3)
    ]
    said = [worker.communicate(timeout=60)[0].split(" ", 4) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    for wrong, hits, warnings, corrupt, text in said:
        assert (wrong, warnings, corrupt) == ("0", "0", "0"), text
        assert int(hits) > 0
    cache = bench.cache(max_bytes=60_000)
    assert cache.verify() == []
    assert cache.clean().missing == 0
    assert cache.stats()["bytes"] <= 60_000
    assert list((bench.folder / "cache" / "leases").glob("*")) == []
