from __future__ import annotations

import random
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest
from kadr_pyav.pool import ReaderPool
from kadr_sdk.errors import MediaFileError

GOP = {"x264-params": "keyint=12:min-keyint=12:scenecut=0:bframes=3"}


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_reader_is_lent_again(film) -> None:
    path = film.write("a.mp4", options=GOP)
    pool = ReaderPool()
    with pool.lease(path, 0) as first:
        assert film.number(first.frame(3)) == 3
    with pool.lease(path, 0) as again, pool.lease(path, 0) as other:
        assert again is first
        assert other is not first
    pool.close()


def test_a_lease_sets_its_own_policy(film) -> None:
    path = film.write("a.mp4", count=2)
    pool = ReaderPool()
    with pool.lease(path, 0, policy="hold", report=print) as reader:
        assert (reader.policy, reader.report) == ("hold", print)
    with pool.lease(path, 0) as same:
        assert (same.policy, same.report) == ("error", None)
    pool.close()


def test_threads_get_readers_of_their_own(film) -> None:
    path = film.write("a.mp4", options=GOP)
    pool = ReaderPool(max_open=3)
    busy: set[int] = set()
    lock = threading.Lock()

    def work(seed: int) -> list[tuple[int, int]]:
        found = []
        for position in random.Random(seed).choices(range(50), k=20):
            with pool.lease(path, 0) as reader:
                with lock:
                    assert id(reader) not in busy
                    busy.add(id(reader))
                found.append((position, film.number(reader.frame(position))))
                with lock:
                    busy.remove(id(reader))
        return found

    with ThreadPoolExecutor(8) as threads:
        for found in threads.map(work, range(16)):
            assert all(asked == seen for asked, seen in found)
    assert pool.open_files <= 3
    pool.close()
    assert pool.open_files == 0


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files by /proc")
def test_a_thousand_clips_stay_under_64_open_files(film, tmp_path: Path) -> None:
    source = film.write("a.mp4", count=2)
    paths = [Path(shutil.copy(source, tmp_path / f"{n}.mp4")) for n in range(1000)]
    pool = ReaderPool()
    peaks: list[int] = []

    def work(path: Path) -> None:
        with pool.lease(path, 0) as reader:
            reader.frame_at(Fraction(0))
            peaks.append(_open_files())

    before = _open_files()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, paths))
    assert max(peaks) - before < 64
    pool.close()
    assert _open_files() <= before + 1


def test_a_changed_file_is_refused(film) -> None:
    path = film.write("a.mp4", count=3)
    pool = ReaderPool()
    with pool.lease(path, 0) as reader:
        reader.frame(0)
    film.write("a.mp4", count=5)
    with pytest.raises(MediaFileError, match=r"a\.mp4: the file has changed while it was being used"):
        pool.lease(path, 0).__enter__()
    pool.close()


def test_a_vanished_file_is_named(film) -> None:
    path = film.write("a.mp4", count=3)
    pool = ReaderPool()
    path.unlink()
    with pytest.raises(MediaFileError, match=r"a\.mp4: no such file"):
        pool.lease(path, 0).__enter__()
    assert pool.open_files == 0


def test_a_reader_that_failed_is_not_lent_again(film) -> None:
    path = film.write("a.mp4", count=3)
    pool = ReaderPool()
    with pytest.raises(ZeroDivisionError), pool.lease(path, 0) as first:
        raise ZeroDivisionError
    with pool.lease(path, 0) as second:
        assert second is not first
    pool.close()


def test_idle_readers_give_up_their_frames(film) -> None:
    paths = [film.write(f"{n}.mp4", options=GOP) for n in range(4)]
    pool = ReaderPool(cache_bytes=200_000)
    readers = []
    for path in paths:
        with pool.lease(path, 0) as reader:
            for position in range(49, 20, -1):
                reader.frame(position)
            readers.append(reader)
    assert sum(reader.cached_bytes for reader in readers) <= 200_000
    assert readers[-1].cached_bytes > 0
    pool.close()


def test_a_lease_over_the_end_of_the_pool_is_closed(film) -> None:
    pool = ReaderPool()
    with pool.lease(film.write("a.mp4", count=3), 0) as reader:
        pool.close()
        assert film.number(reader.frame(1)) == 1
    assert pool.open_files == 0
