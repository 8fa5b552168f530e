"""The target of a render: refused before the work wherever it cannot be taken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kadr_kernel.disk import is_temporary, temporary_beside
from kadr_kernel.render.target import Target, check_target, refuse_inputs
from kadr_sdk.errors import CancelledError, InvalidPathError, KadrError, StorageError


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("file/film.mp4", r"file: is not a folder \(choose another folder\)"),
        ("none/film.mp4", r"none: the folder does not exist \(make it first\)"),
        ("film.mp4", r"film\.mp4: exists already \(choose another name, or add --overwrite\)"),
        ("dangling.mp4", "exists already"),
        ("x" * 300 + ".mp4", "cannot be a file: .*too long"),
    ],
)
def test_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "film.mp4").write_text("mine")
    try:
        (tmp_path / "dangling.mp4").symlink_to(tmp_path / "nowhere")
    except OSError:
        pytest.skip("this system makes no symbolic links for this account")
    before = names(tmp_path)
    with pytest.raises(InvalidPathError, match=text):
        check_target(tmp_path / name, overwrite=False)
    assert names(tmp_path) == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in folders")
def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    os.mkfifo(path)
    with pytest.raises(InvalidPathError, match=r"film\.mp4: is a device or a pipe \(give a file name"):
        check_target(path, overwrite=True)
    assert path.is_fifo()


def test_a_protected_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_text("mine")
    path.chmod(0o444)
    with pytest.raises(InvalidPathError, match=r"film\.mp4: is write-protected"):
        check_target(path, overwrite=True)
    path.chmod(0o644)
    check_target(path, overwrite=True)


@pytest.mark.parametrize("error", [StorageError("no such file"), CancelledError("the render was cancelled")])
def test_a_folder_that_went_away_is_the_reason(tmp_path: Path, error: KadrError) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    meant = type(error) if isinstance(error, CancelledError) else StorageError
    text = "cancelled" if isinstance(error, CancelledError) else "out: the folder was moved or removed"

    def work() -> None:
        with Target(folder / "film.mp4", overwrite=False, many=False):
            folder.rename(tmp_path / "elsewhere")
            raise error

    with pytest.raises(meant, match=text):
        work()


def test_a_name_of_255_bytes_has_a_temporary_one(tmp_path: Path) -> None:
    longest = tmp_path / ("é" * 125 + ".mp4")
    temporary = temporary_beside(longest)
    temporary.write_bytes(b"x")
    assert is_temporary(temporary)
    assert temporary.suffix == ".mp4"


@pytest.mark.parametrize(
    "name", ["film.mp4", ".film.mp4.part", ".hidden", ".a.12-12345678.partial", ".1.part"]
)
def test_other_names_are_not_temporary(name: str) -> None:
    assert not is_temporary(Path(name))


@pytest.mark.parametrize("link", ["symlink", "hardlink", "same"])
def test_an_input_by_another_name_is_refused(tmp_path: Path, link: str) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(b"clip")
    other = tmp_path / "other.mp4" if link != "same" else tmp_path / "folder" / ".." / "clip.mp4"
    (tmp_path / "folder").mkdir()
    try:
        if link == "symlink":
            other.symlink_to(source)
        elif link == "hardlink":
            os.link(source, other)
    except OSError:
        pytest.skip("this file system has no such links")
    with pytest.raises(InvalidPathError, match="is one of the inputs"):
        refuse_inputs(other, [str(tmp_path / "gone.mp4"), str(source)])


def test_a_folder_that_refuses_files_is_found_by_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, mode: int = 0o666, exist_ok: bool = True) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with (
        pytest.raises(StorageError, match=r"Permission denied \(check the rights of the folder\)"),
        Target(tmp_path / "film.mp4", overwrite=False, many=False),
    ):
        pytest.fail("entered")
    assert names(tmp_path) == []


def test_leaves_nothing_after_a_failure(tmp_path: Path) -> None:
    target = Target(tmp_path / "film.mp4", overwrite=False, many=False)

    def work() -> None:
        with target:
            target.temporary.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert names(tmp_path) == []


def test_a_file_that_appeared_meanwhile_is_kept(tmp_path: Path) -> None:
    target = Target(tmp_path / "film.mp4", overwrite=False, many=False)
    target.temporary.write_bytes(b"new")
    target.path.write_bytes(b"theirs")
    with pytest.raises(InvalidPathError, match="appeared while rendering"):
        target.finish()
    assert target.path.read_bytes() == b"theirs"
