"""The store, and media found through it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from kadr_dask.places import Places
from kadr_dask.store import Store
from kadr_sdk.errors import StorageError
from kadr_sdk.execution import Media


def media(path: Path, data: bytes) -> Media:
    return Media(str(path), hashlib.sha256(data).hexdigest())


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(f"file://{tmp_path / 'store'}" if request.param == "file" else f"memory://{tmp_path.name}")


def test_a_file_there_and_back(store: Store, tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"frames" * 1000)
    assert not store.get("name", target)
    store.put("name", source)
    store.put("name", tmp_path / "is not read again")
    assert store.get("name", target)
    assert target.read_bytes() == source.read_bytes()
    store.take("name", target)
    with pytest.raises(StorageError, match="not in the store"):
        store.take("name", target)
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["a", "b"]


def test_an_address_that_nobody_knows() -> None:
    with pytest.raises(StorageError, match="the store cannot be used"):
        Store("nobody://x")


def test_media_under_their_path_are_used_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"one")
    assert Places(10).find((media(path, b"one"),), None) == ({}, ())


def test_another_file_under_the_path_is_not_used(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"other")
    wanted, places = media(path, b"one"), Places(10)
    assert places.find((wanted,), None) == ({}, (wanted,))
    assert places.find((wanted,), store) == ({}, (wanted,))
    (tmp_path / "good").write_bytes(b"one")
    store.put(wanted.digest, tmp_path / "good")
    found, missing = places.find((wanted,), store)
    assert missing == ()
    assert Path(found[str(path)]).read_bytes() == b"one"
    assert Path(found[str(path)]).suffix == ".mp4"
    path.write_bytes(b"one")
    assert places.find((wanted,), None) == ({}, ())


def test_a_store_that_lies_is_not_believed(store: Store, tmp_path: Path) -> None:
    wanted = media(tmp_path / "a.mp4", b"one")
    (tmp_path / "bad").write_bytes(b"two")
    store.put(wanted.digest, tmp_path / "bad")
    with pytest.raises(StorageError, match="other bytes than it says"):
        Places(10).find((wanted,), store)


def test_what_was_unused_for_longest_goes_first(store: Store, tmp_path: Path) -> None:
    places, kept = Places(25), []
    for n in range(4):
        data = bytes([n]) * 10
        wanted = media(tmp_path / f"{n}.mp4", data)
        (tmp_path / "source").write_bytes(data)
        store.put(wanted.digest, tmp_path / "source")
        kept.append(places.find((wanted,), store)[0][wanted.path])
    assert [Path(path).exists() for path in kept] == [False, False, True, True]
