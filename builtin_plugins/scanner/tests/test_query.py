"""What a search means, and what it finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kadr_scanner.index import Index, below
from kadr_scanner.query import parse_query
from kadr_scanner.rows import FileRow, Version
from kadr_scanner.schema import MIGRATIONS
from kadr_scanner.searching import search
from kadr_sdk.errors import InvalidParameterError, StorageError
from kadr_sdk.tables import open_tables


@pytest.fixture
def shelves(shelf: Any) -> Any:
    shelf.film("holiday/BeachSunset01.mp4", frames=250)
    shelf.film("holiday/Straße_nach_Café.mp4", frames=50, width=1920, height=1080)
    shelf.film("work/interview.mov", frames=25, rate="50")
    (shelf.folder / "work" / "noise.wav").write_text("nonsense", "utf-8")
    shelf.scan()
    return shelf


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("beach", ["BeachSunset01.mp4"]),
        ("sun", ["BeachSunset01.mp4"]),
        ("sunset beach", ["BeachSunset01.mp4"]),
        ("holiday", ["BeachSunset01.mp4", "Straße_nach_Café.mp4"]),
        ("cafe", ["Straße_nach_Café.mp4"]),
        ('"Straße_nach"', ["Straße_nach_Café.mp4"]),
        ("beach interview", []),
        ("duration>5", ["BeachSunset01.mp4"]),
        ("width>=1920 height=1080", ["Straße_nach_Café.mp4"]),
        ("duration<1min kind:video holiday", ["BeachSunset01.mp4", "Straße_nach_Café.mp4"]),
        ("fps=50", ["interview.mov"]),
        ("state:failed", ["noise.wav"]),
        ("state:ready folder:work", ["interview.mov"]),
        ("has:hdr", []),
        ("size>1G", []),
        ("codec:raw interview", ["interview.mov"]),
        ('work" OR 1=1 --"', []),
    ],
)
def test_what_is_found(shelves: Any, query: str, names: list[str]) -> None:
    assert sorted(r.name for r in search(shelves.index, parse_query(query), 100)) == names


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("dog > 0.6", ["BeachSunset01.mp4"]),
        ("Dog>=.5 beach", ["BeachSunset01.mp4"]),
        ("dog>0.9", []),
        ("seen:dog", ["BeachSunset01.mp4", "interview.mov"]),
        ("dog<0.5 seen:dog", ["interview.mov"]),
        ("'potted plant > 0.1'", ["interview.mov"]),
        ("seen:cat", []),
    ],
)
def test_what_was_seen(shelves: Any, query: str, names: list[str]) -> None:
    """The best score of all records of a content counts, whatever the file is called."""
    with shelves.index.write() as writer:
        for name, seen, best in (
            ("holiday/BeachSunset01.mp4", "Dog", 0.8),
            ("holiday/BeachSunset01.mp4", "dog", 0.2),
            ("work/interview.mov", "dog", 0.4),
            ("work/interview.mov", "potted plant", 0.3),
        ):
            writer.seen(shelves.row(name).digest, "m", seen, best)
    assert sorted(r.name for r in search(shelves.index, parse_query(query), 100)) == names


def test_what_was_seen_in_many_is_found_as_in_few(shelves: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A common class is asked of each file, a rare one is looked up: the answer is the same, in order."""
    names = ["holiday/BeachSunset01.mp4", "work/interview.mov"]
    with shelves.index.write() as writer:
        for name in names:
            writer.seen(shelves.row(name).digest, "m", "dog", 0.8)
            writer.seen(shelves.row(name).digest, "n", "dog", 0.1)
    for query in ("dog>0.5", "seen:dog duration>0.1", "dog>0.5 dog<0.2"):
        few = search(shelves.index, parse_query(query), 10)
        with monkeypatch.context() as patched:
            patched.setattr("kadr_scanner.searching._FEW", 1)
            assert search(shelves.index, parse_query(query), 10) == few
        assert [Path(r.folder).name + "/" + r.name for r in few] == names
    assert len(search(shelves.index, parse_query("seen:dog"), 1)) == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "nothing is searched for"),
        ("...", "nothing is searched for"),
        ("length>5", "'length' is not searched by"),
        ("duration>5x", "'x' is not a unit"),
        ("color:red", "'color' is not searched by"),
        ("state:gone", "'gone' is not a state"),
        ("has:hdrr", "has:hdrr is not known.*did you mean 'hdr'"),
        ('"open', "no closing quotation"),
    ],
)
def test_what_is_wrong(query: str, message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        parse_query(query)


def test_a_library_of_an_older_kadr_is_searched(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite3"
    open_tables(path, MIGRATIONS[:2], StorageError("newer")).close()
    index = Index(path)
    with index.write() as writer:
        row = FileRow("/media", "dog.mp4", Version(1, 1, "1"), digest="d", kind="video", duration=3.0)
        writer.put(row)
        writer.seen("d", "m", "dog", 0.7)
    assert [r.name for r in search(index, parse_query("dog>0.6 duration>2"), 5)] == ["dog.mp4"]
    index.close()


def test_duplicates(shelves: Any) -> None:
    source = shelves.folder / "work" / "interview.mov"
    (shelves.folder / "copy.mov").write_bytes(source.read_bytes())
    shelves.scan()
    assert [r.name for r in search(shelves.index, parse_query("state:duplicate"), 100)] == [
        "copy.mov",
        "interview.mov",
    ]


@pytest.mark.parametrize("root", ["/", "/media", "/media/"])
def test_below_is_the_folder_and_what_is_in_it(root: str) -> None:
    import sqlite3

    condition, values = below(root)
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE file (folder TEXT)")
    names = ["/media", "/media/a", "/media/a/b", "/media2", "/med"]
    connection.executemany("INSERT INTO file VALUES (?)", [(n,) for n in names])
    found = {r[0] for r in connection.execute(f"SELECT folder FROM file WHERE {condition}", values)}
    connection.close()
    inside = {n for n in names if root == "/" or Path("/media") in [Path(n), *Path(n).parents]}
    assert found - {"/media"} == inside - {"/media"}
