"""Small files: whole, new, and never over another."""

from __future__ import annotations

from pathlib import Path

import pytest
from kadr_sdk.errors import InvalidPathError, StorageError
from kadr_sdk.files import check_new, refuse_same, write_new


def test_writes_and_leaves_nothing_else(tmp_path: Path) -> None:
    write_new(tmp_path / "a.png", b"x", overwrite=False)
    write_new(tmp_path / "a.png", b"y", overwrite=True)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.png", b"y")]


@pytest.mark.parametrize(
    ("name", "overwrite", "words"),
    [
        ("a.png", False, r"exists already \(choose another name, or add --overwrite\)"),
        ("folder", True, r"is a folder \(give a file name\)"),
        ("none/a.png", True, r"none: the folder does not exist \(make it first\)"),
        ("a.png/b.png", True, r"a\.png: is not a folder"),
    ],
)
def test_is_refused(tmp_path: Path, name: str, overwrite: bool, words: str) -> None:
    (tmp_path / "a.png").write_bytes(b"mine")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidPathError, match=words):
        check_new(tmp_path / name, overwrite=overwrite)
    assert (tmp_path / "a.png").read_bytes() == b"mine"


def test_a_full_disk_keeps_what_stood_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(b"mine")

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match=r"No space left on device \(free some space\)"):
        write_new(tmp_path / "a.png", b"y", overwrite=True)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.png", b"mine")]


def test_the_same_file_by_another_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidPathError, match="no!"):
        refuse_same(tmp_path / "folder" / ".." / "a", [tmp_path / "b", tmp_path / "a"], "no!")
    with pytest.raises(InvalidPathError, match="no!"):
        refuse_same(tmp_path / "new", [tmp_path / "new"], "no!")
    refuse_same(tmp_path / "new", [tmp_path / "a"], "no!")
