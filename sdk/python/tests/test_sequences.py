from __future__ import annotations

import os
from pathlib import Path

import pytest
from kadr_sdk.errors import MediaFileError
from kadr_sdk.sequences import file_version, find_sequence, is_pattern


def pictures(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(name.encode())


def test_the_lowest_number_comes_first(tmp_path: Path) -> None:
    pictures(tmp_path, "f_0009.png", "f_0008.png", "f_0010.png", "f_11.png", "g_0011.png", "f_0011.jpg")
    found = find_sequence(tmp_path / "f_%04d.png")
    assert found is not None
    assert (found.first, found.count) == (8, 3)
    assert [p.name for p in found.files()] == ["f_0008.png", "f_0009.png", "f_0010.png"]


def test_numbers_may_outgrow_their_width_and_need_none(tmp_path: Path) -> None:
    pictures(tmp_path, "a99.png", "a100.png", "b9.png", "b10.png", "b09.png")
    wide, plain = find_sequence(tmp_path / "a%02d.png"), find_sequence(tmp_path / "b%d.png")
    assert wide is not None
    assert plain is not None
    assert [p.name for p in wide.files()] == ["a99.png", "a100.png"]
    assert [p.name for p in plain.files()] == ["b9.png", "b10.png"]


@pytest.mark.parametrize(
    ("there", "says"),
    [
        ((1, 2, 4), "f_003.png is missing"),
        ((1, 4), "f_002.png, f_003.png are missing"),
        ((1, 90), "f_002.png, f_003.png, f_004.png and 85 more are missing"),
        ((), "no picture has such a name"),
    ],
)
def test_a_gap_is_told_by_its_names(tmp_path: Path, there: tuple[int, ...], says: str) -> None:
    pictures(tmp_path, *(f"f_{n:03d}.png" for n in there))
    with pytest.raises(MediaFileError) as caught:
        find_sequence(tmp_path / "f_%03d.png")
    assert caught.value.message == says
    assert caught.value.hint


def test_what_is_a_file_or_no_pattern_is_itself(tmp_path: Path) -> None:
    pictures(tmp_path, "a%d.png", "a1.png")
    assert find_sequence(tmp_path / "a%d.png") is None
    for name in ("a1.png", "50%.png", "%s.png", "%d_%d.png", "%5d.png"):
        assert not is_pattern(tmp_path / name), name


def test_a_folder_that_is_not_there_has_none(tmp_path: Path) -> None:
    with pytest.raises(MediaFileError, match="no picture"):
        find_sequence(tmp_path / "away" / "f_%d.png")


def test_any_change_of_any_picture_is_another_version(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"f_{n}.png" for n in range(5)))
    pattern = tmp_path / "f_%d.png"
    before = file_version(pattern)
    assert before == file_version(pattern)
    assert before[0] == 5 * 7
    os.utime(tmp_path / "f_3.png", ns=(1, 1))
    after = file_version(pattern)
    assert after != before
    pictures(tmp_path, "f_5.png")
    assert file_version(pattern) not in (before, after)
