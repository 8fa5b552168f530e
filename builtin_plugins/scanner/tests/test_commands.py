"""The commands as a user calls them: what they print, write and refuse."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from kadr_kernel.kernel import Kernel
from kadr_scanner.scan import Scan
from kadr_sdk.errors import (
    InvalidParameterError,
    InvalidPathError,
    MediaFileError,
    StorageError,
)
from kadr_sdk.events import ScanCompleted
from kadr_sdk.rendering import ProjectStore
from PIL import Image

Run = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path, barcodes: Path) -> Path:
    found = tmp_path / "media"
    found.mkdir()
    (found / "holiday.mkv").write_bytes(barcodes.read_bytes())
    (found / "bad.mp4").write_text("nonsense", "utf-8")
    return found


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_scan_list_search_info(run: Run, folder: Path) -> None:
    assert run("scan", folder).startswith(f"{folder}: 2 files of media, 2 new, 1 unreadable (")
    assert "nothing new" in run("scan", folder)
    assert run("list", folder).splitlines() == [
        f"failed  -        -        -     {folder / 'bad.mp4'}: not readable as media: "
        "invalid data found when processing input",
        f"video   0:02.40  320x180  h264  {folder / 'holiday.mkv'}",
    ]
    assert [r["state"] for r in rows(run("list", folder, "--json"))] == ["failed", "ready"]
    assert [r["path"] for r in rows(run("search", "holiday", f"folder:{folder}", "--json"))] == [
        str(folder / "holiday.mkv")
    ]
    shown = run("info", folder / "holiday.mkv")
    assert "  rate     25 fps" in shown
    (row,) = rows(run("info", folder / "holiday.mkv", "--json"))
    assert row["facts"]["packets"]["frames"] == 60
    with pytest.raises(InvalidPathError, match=r"does not know this file.*kadr media scan"):
        run("info", folder / "other.mkv")


def test_scan_as_events(run: Run, folder: Path) -> None:
    found = rows(run("scan", folder, "--json"))
    names = [row["event"] for row in found]
    assert names[0] == "FilesDiscovered"
    assert names[-1] == "ScanCompleted"
    assert {"MetadataReady", "MediaFailed", "MediaProgressed"} <= set(names)


def test_watching_sees_new_files(
    run: Run, folder: Path, barcodes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    def pause(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            (folder / "late.mkv").write_bytes(barcodes.read_bytes())
        if looks == 3:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "watchdog.events", None)  # as without the extra
    monkeypatch.setattr("kadr_scanner.waking.time.sleep", pause)
    with pytest.raises(click.Abort):
        run("scan", folder, "--watch", "--every", "0.2")
    assert "late.mkv" in run("list", folder)


def test_watching_wakes_by_events(
    run: Run, folder: Path, barcodes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The long pause is not waited for: the system tells of the file."""
    pytest.importorskip("watchdog")
    monkeypatch.setattr("kadr_scanner.waking.SELDOM", 30.0)
    late, scans = folder / "deep" / "late.mkv", []
    late.parent.mkdir()

    def announce(done: ScanCompleted) -> None:
        scans.append(done.new)
        if len(scans) == 2:
            late.write_bytes(barcodes.read_bytes())
        elif sum(scans) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("kadr_scanner.commands.scanning._show", lambda done: None)
    monkeypatch.setattr("kadr_scanner.library.Scan.run", _telling(Scan.run, announce))
    began = time.monotonic()
    with pytest.raises(click.Abort):
        run("scan", folder, "--watch", "--every", "0.2")
    assert time.monotonic() - began < 25
    assert "late.mkv" in run("list", folder)


def _telling(work: Callable[..., Any], announce: Callable[[Any], None]) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        done = work(*given, **named)
        announce(done)
        return done

    return call


def test_unknown_names(run: Run) -> None:
    with pytest.raises(click.UsageError, match="serch"):
        run("serch", "x")
    assert "Usage: kadr media" in run("--help")


def test_a_project_is_relinked(run: Run, own: Kernel, folder: Path, tmp_path: Path) -> None:
    timeline = {"tracks": [{"id": "v", "clips": [{"id": "a", "source_file": "media/holiday.mkv"}]}]}
    path = tmp_path / "film.tlp"
    path.write_text(json.dumps({"timeline": timeline}), "utf-8")
    run("scan", folder)
    target = tmp_path / "elsewhere" / "deep"
    target.mkdir(parents=True)
    (folder / "holiday.mkv").rename(target / "other name.mkv")
    assert run("relink", path, code=3) == "not found: media/holiday.mkv\n"
    before = path.read_bytes()
    shown = run("relink", path, "--search", tmp_path / "elsewhere", "--dry-run")
    assert shown == "media/holiday.mkv -> elsewhere/deep/other name.mkv\n"
    assert path.read_bytes() == before
    (row,) = rows(run("relink", path, "--json"))
    assert row["found"] == [{"old": "media/holiday.mkv", "new": "elsewhere/deep/other name.mkv"}]
    document = own.container.get(ProjectStore).open(path)
    assert document.timeline.tracks[0].clips[0].source_file == "elsewhere/deep/other name.mkv"
    assert run("relink", path) == "nothing is missing\n"
    with pytest.raises(InvalidPathError, match="is not a folder"):
        run("relink", path, "--search", tmp_path / "nowhere")


def test_a_library_that_is_none(run: Run, folder: Path, tmp_path: Path) -> None:
    run("scan", folder)
    (path,) = tmp_path.rglob("library.sqlite3")
    for side in tmp_path.rglob("library.sqlite3-*"):
        side.unlink()
    path.write_bytes(b"garbage" * 100)
    with pytest.raises(StorageError, match=r"file is not a database.*a scan makes it anew"):
        run("list")


def test_forgetting(run: Run, folder: Path) -> None:
    run("scan", folder)
    (folder / "holiday.mkv").unlink()
    run("scan", folder)
    assert run("forget", folder, "--missing") == "1 files forgotten\n"
    assert run("forget", folder) == "1 files forgotten\n"
    assert run("list", folder) == ""


def test_thumbnails_of_many(
    run: Run, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    files = [folder / "holiday.mkv", folder / "bad.mp4"]
    assert run("thumbnail", *files, "-o", out, "--kind", "webp", code=3) == f"{out / 'holiday.mkv.webp'}\n"
    with Image.open(out / "holiday.mkv.webp") as image:
        assert (image.format, image.size) == ("WEBP", (320, 180))
    with pytest.raises(InvalidPathError, match="exists already"):
        run("thumbnail", *files, "-o", out, "--kind", "webp")


@pytest.mark.parametrize(
    ("argv", "error", "message"),
    [
        (["thumbnail", "FILM", "-o", "a.bmp"], InvalidPathError, "not the name of a picture"),
        (["thumbnail", "BAD", "-o", "a.jpg"], MediaFileError, "not readable as media"),
        (["thumbnail", "FILM", "BAD", "-o", "a.jpg"], InvalidPathError, "is not a folder"),
        (["storyboard", "FILM", "-o", "nowhere/a.jpg"], InvalidPathError, "the folder does not exist"),
        (["waveform", "FILM", "-o", "FILM.png"], MediaFileError, "no sound in this file"),
        (["waveform", "FILM", "-o", "a.wav"], InvalidPathError, "not the name of a picture"),
        (["frames", "FILM", "-o", "out", "--subtitles"], MediaFileError, "no subtitles in this file"),
        (["frames", "FILM", "-o", "out", "--every", "0"], InvalidParameterError, "longer than 0"),
        (["analyze", "BAD"], MediaFileError, "not readable as media"),
        (["analyze", "nowhere.mp4"], MediaFileError, "no such file"),
    ],
)
def test_what_is_refused(
    run: Run,
    folder: Path,
    argv: list[str],
    error: type[Exception],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    names = {"FILM": "holiday.mkv", "BAD": "bad.mp4"}
    before = sorted(p.name for p in folder.iterdir())
    with pytest.raises(error, match=message):
        run(*(names.get(word, word) for word in argv))
    assert sorted(p.name for p in folder.iterdir()) == before


def test_nothing_is_overwritten(run: Run, folder: Path) -> None:
    film = folder / "holiday.mkv"
    link = folder / "same.jpg"
    link.hardlink_to(film)
    before = film.read_bytes()
    with pytest.raises(InvalidPathError, match="this is the file itself"):
        run("thumbnail", film, "-o", link, "--overwrite")
    assert film.read_bytes() == before


def test_the_rest_of_the_family(run: Run, folder: Path, tmp_path: Path) -> None:
    film = folder / "holiday.mkv"
    (row,) = [r for r in rows(run("storyboard", film, "-o", tmp_path / "s.png", "--json")) if "tile" in r]
    assert (row["width"], row["height"], len(row["tiles"])) == (960, 540, 16)
    assert run("frames", film, "-o", tmp_path / "keys", "--keys").startswith("2 pictures in ")
    assert "scenes" in run("analyze", film, "-o", tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text("utf-8"))["frames"] == 60
    (made,) = [r for r in rows(run("proxy", film, "--json")) if r["event"] == "Proxy"]
    assert made["bytes"] > 1000
    assert len(list((tmp_path / "keys").iterdir())) == 2


def test_two_at_once_make_one(folder: Path, library: Any) -> None:
    from kadr_scanner.products import source_of
    from kadr_scanner.thumbnails import storyboard

    source = source_of(library, folder / "holiday.mkv")
    made: list[object] = []
    encode = library.backend.image

    def image(*values: Any) -> bytes:
        made.append(values)
        return bytes(encode(*values))

    library.backend.image = image
    try:
        threads = [
            threading.Thread(
                target=storyboard, args=(library, source, "png"), kwargs={"columns": 2, "rows": 7}
            )
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    finally:
        library.backend.image = encode
    assert len(made) == 1
