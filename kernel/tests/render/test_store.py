"""Project files: whole or untouched, backups, and every way of being unreadable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.render.store import FileProjectStore
from kadr_sdk.errors import InvalidPathError, SerializationError, StorageError, ValidationError
from kadr_sdk.events import Event, ProjectOpened, ProjectSaved
from kadr_sdk.project import Project, parse_project


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def store(events: list[Event]) -> FileProjectStore:
    return FileProjectStore(events.append)


def film(name: str) -> Project:
    return parse_project({"metadata": {"id": "film", "name": name}, "extensions": {"kept": "é\ud800"}})


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_saved_and_opened(store: FileProjectStore, events: list[Event], tmp_path: Path) -> None:
    path = tmp_path / "a.tlp"
    store.save(film("один"), path)
    assert store.open(path) == film("один")
    assert events == [ProjectSaved("film", str(path)), ProjectOpened("film", str(path))]
    assert names(tmp_path) == ["a.tlp"]


def test_the_last_three_versions_stay_beside(store: FileProjectStore, tmp_path: Path) -> None:
    path = tmp_path / "a.tlp"
    for version in range(6):
        store.save(film(str(version)), path)
    assert names(tmp_path) == ["a.tlp", "a.tlp.1", "a.tlp.2", "a.tlp.3"]
    kept = [store.open(p).metadata.name for p in sorted(tmp_path.iterdir())]
    assert kept == ["5", "4", "3", "2"]


def test_saving_the_same_again_keeps_the_older_versions(store: FileProjectStore, tmp_path: Path) -> None:
    path = tmp_path / "a.tlp"
    for name in ("one", "two", "two", "two"):
        store.save(film(name), path)
    assert store.open(tmp_path / "a.tlp.1").metadata.name == "two"
    assert store.open(tmp_path / "a.tlp.2").metadata.name == "one"
    assert names(tmp_path) == ["a.tlp", "a.tlp.1", "a.tlp.2"]


def test_without_backups(events: list[Event], tmp_path: Path) -> None:
    plain = FileProjectStore(events.append, backups=0)
    plain.save(film("1"), tmp_path / "a.tlp")
    plain.save(film("2"), tmp_path / "a.tlp")
    assert names(tmp_path) == ["a.tlp"]


def test_a_failing_save_changes_nothing_however_often(
    store: FileProjectStore, events: list[Event], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.tlp"
    for name in "1234":
        store.save(film(name), path)
    del events[:]

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for _ in range(5):
        with pytest.raises(
            StorageError, match=r"cannot be written: No space left on device \(free some space\)"
        ):
            store.save(film("new"), path)
    monkeypatch.undo()
    assert [store.open(p).metadata.name for p in sorted(tmp_path.iterdir())] == ["4", "4", "3", "2"]
    assert ProjectSaved("film", str(path)) not in events


@pytest.mark.parametrize("moment", ["copy2", "replace", "fsync"])
def test_killed_at_any_moment_every_file_is_whole(tmp_path: Path, moment: str) -> None:
    """A process that dies in the middle of a save leaves old or new, never half."""
    path = tmp_path / "a.tlp"
    store = FileProjectStore(lambda event: None)
    for name in "123":
        store.save(film(name), path)
    code = f"""
import os, pathlib, shutil, sys
from kadr_kernel.render.store import FileProjectStore
from kadr_sdk.project import parse_project
def die(*args, **kwargs): os._exit(9)
owner = dict(copy2=shutil, replace=pathlib.Path, fsync=os)[{moment!r}]
setattr(owner, {moment!r}, die)
FileProjectStore(lambda event: None).save(parse_project({{"metadata": {{"id": "film", "name": "4"}}}}),
                                          pathlib.Path(sys.argv[1]))
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], timeout=60)
    assert done.returncode == 9
    assert store.open(path).metadata.name in "34"
    for name in ("a.tlp.1", "a.tlp.2"):
        assert store.open(tmp_path / name).metadata.name in "1234"
    store.save(film("5"), path)
    assert store.open(path).metadata.name == "5"


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
def test_a_link_stays_a_link(store: FileProjectStore, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    store.save(film("1"), tmp_path / "real" / "a.tlp")
    (tmp_path / "a.tlp").symlink_to(tmp_path / "real" / "a.tlp")
    store.save(film("2"), tmp_path / "a.tlp")
    assert (tmp_path / "a.tlp").is_symlink()
    assert store.open(tmp_path / "real" / "a.tlp").metadata.name == "2"


class TestUnreadable:
    @pytest.mark.parametrize(
        ("content", "kind", "message"),
        [
            (None, InvalidPathError, "there is no such project file (check the spelling)"),
            (b"", SerializationError, "not a JSON document: Expecting value"),
            (b"{", SerializationError, "not a JSON document: Expecting property name"),
            (b"[1]", SerializationError, "a project is a JSON object"),
            (b"\xff\xfe\x00", SerializationError, "not a text file in UTF-8"),
            (b"[" * 100_000, SerializationError, "not a JSON document"),
            (b'{"timelin": {}}', ValidationError, "the project breaks rules\n  - timelin: unknown field"),
        ],
    )
    def test_says_what_it_is(
        self, store: FileProjectStore, tmp_path: Path, content: bytes | None, kind: Any, message: str
    ) -> None:
        path = tmp_path / "a.tlp"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(kind) as caught:
            store.open(path)
        assert str(caught.value).startswith(f"{path}: {message}")

    def test_a_folder(self, store: FileProjectStore, tmp_path: Path) -> None:
        with pytest.raises(InvalidPathError, match=r"not a file \(give the \.tlp file itself\)"):
            store.open(tmp_path)

    def test_a_name_that_cannot_be(self, store: FileProjectStore, tmp_path: Path) -> None:
        for name in ("x" * 300, "a\0b"):
            with pytest.raises(InvalidPathError):
                store.open(tmp_path / name)

    def test_a_byte_order_mark_is_no_fault(self, store: FileProjectStore, tmp_path: Path) -> None:
        (tmp_path / "a.tlp").write_bytes(b'\xef\xbb\xbf{"metadata": {"id": "x"}}')
        assert store.open(tmp_path / "a.tlp").metadata.id == "x"

    def test_a_save_into_a_file_for_a_folder(self, store: FileProjectStore, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(StorageError, match="cannot be written"):
            store.save(film("1"), tmp_path / "file" / "a.tlp")


def test_a_document_of_the_original_shape_is_converted(store: FileProjectStore, tmp_path: Path) -> None:
    original = {
        "version": "1.0.0",
        "metadata": {
            "name": "Old",
            "created_at": "2024-01-01T00:00:00Z",
            "modified_at": "2024-01-01T00:00:00Z",
        },
        "timeline": {"duration": 5.0, "fps": 30, "resolution": [1280, 720], "sample_rate": 44100},
        "tracks": [{"id": "t", "track_type": "Video", "name": "V", "clips": []}],
        "settings": {},
    }
    (tmp_path / "a.tlp").write_text(json.dumps(original), "utf-8")
    project = store.open(tmp_path / "a.tlp")
    assert (project.metadata.name, project.timeline.resolution) == ("Old", (1280, 720))
    assert project.timeline.tracks[0].type == "video"
