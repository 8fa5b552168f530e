"""The commands: what they answer, and what they leave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kadr_author.pack import write_package
from kadr_author.project import Project
from kadr_author.watching import changed, seen
from kadr_sdk.errors import InvalidParameterError, InvalidPathError, ValidationError


def test_new_build_test_pack_from_nothing(shell: Any, tmp_path: Path) -> None:
    folder = tmp_path / "glow"
    code, data = shell.json("new", "com.me.glow", "--lang", "wat", "--folder", folder)
    assert (code, data["id"], data["built"], data["missing"]) == (0, "com.me.glow", True, "")
    assert data["taken"] == "kadr.glow"
    assert shell.json("build", folder)[1]["guests"][0]["changed"] is False
    assert shell.json("validate", folder) == (0, {"plugin": "com.me.glow", "problems": []})
    code, data = shell.json("pack", folder, "--require", "platinum")
    assert (code, data["level"], data["changed"]) == (0, "platinum", True)
    package = Path(data["package"])
    files = {p.relative_to(package).as_posix() for p in package.rglob("*") if p.is_file()}
    assert files == {
        "LICENSE", "README.md", "glow.toml", "glow.wasm", "glow.wat", "plugin.toml", "quality.json",
        "vectors/glow.json",
    }  # fmt: skip
    assert shell("validate", data["package"])[0] == 0


def test_packing_twice_gives_the_same_bytes_and_nothing_is_lost(
    shell: Any, begun: Callable[..., Project], tmp_path: Path
) -> None:
    project, package = begun("wat"), tmp_path / "one"
    assert shell("pack", project.root, "-o", package)[0] == 0
    assert "as it was" in shell("pack", project.root, "-o", package)[1]  # compared byte for byte
    (package / "mine.txt").write_text("mine", "utf-8")
    files = {"plugin.toml": b"", "quality.json": b""}
    with pytest.raises(InvalidPathError, match="raise the version"):
        write_package(package, files, overwrite=False)
    assert write_package(package, files, overwrite=True)
    assert sorted(p.name for p in package.iterdir()) == ["plugin.toml", "quality.json"]
    (package / "quality.json").unlink()
    with pytest.raises(InvalidPathError, match="another package stands there"):
        write_package(package, files, overwrite=True)  # a folder that no packing made


def test_evidence_that_is_not_of_these_files_is_found(
    shell: Any, begun: Callable[..., Project], tmp_path: Path
) -> None:
    project = begun("wat")
    assert shell("pack", project.root, "-o", tmp_path / "one")[0] == 0
    manifest = tmp_path / "one" / "plugin.toml"
    manifest.write_text(manifest.read_text("utf-8") + "\n", "utf-8")
    code, data = shell.json("validate", tmp_path / "one")
    assert code == 2
    assert data["problems"] == [
        {
            "path": "quality.json",
            "message": "it was found for another plugin.toml",
            "hint": "kadr plugin pack finds it anew",
        }
    ]


def test_what_is_broken_is_neither_tested_nor_packed(shell: Any, begun: Callable[..., Project]) -> None:
    project = begun("wat")
    (project.root / "LICENSE").unlink()
    for command in ("validate", "test", "pack"):
        code, data = shell.json(command, project.root)
        assert code == 2
        assert data["problems"][0]["path"] == "LICENSE"
    assert "LICENSE: there is no such file" in shell("test", project.root)[1]
    assert not (project.root / "dist").exists()


def test_below_what_is_required(shell: Any, written: Callable[[str], Project]) -> None:
    project = written("out.planes[0][...] = 16")
    code, text = shell("test", project.root)
    assert code == 5
    assert "org.example.demo 0.1.0: bronze\nfor silver: vectors" in text
    assert shell("pack", project.root, "--require", "silver")[0] == 5
    code, text = shell("test", project.root, "--update", "--require", "gold")
    assert code == 0
    assert "vectors/demo.json: 6 of 6 vectors are new" in text
    assert shell("test", project.root, "--require", "platinum")[0] == 5


def test_python_is_packed_where_its_wheel_is_built(shell: Any, begun: Callable[..., Project]) -> None:
    project = begun("python")
    code, text = shell("pack", project.root)
    assert code == 0
    assert "uv build --wheel" in text
    assert (project.home / "quality.json").is_file()
    assert "there is nothing to build" in shell("build", project.root)[1]


@pytest.mark.parametrize("kind", ["filter", "analyzer", "audio_filter", "generator", "transition"])
def test_bench_holds_it_against_copying(kind: str, shell: Any, begun: Callable[..., Project]) -> None:
    code, data = shell.json("bench", begun("python", kind).root, "--rounds", 3)
    assert code == 0
    (row,) = data["effects"]
    assert row["of"] == ("second of sound" if kind.startswith("audio") else "1080p frame")
    assert 0 < row["least_ms"] <= row["ms"]
    assert row["ratio"] == pytest.approx(row["ms"] / row["copy_ms"], rel=0.01)


@pytest.mark.parametrize("kind", ["filter", "transition", "generator", "audio_filter", "analyzer"])
def test_dev_shows_every_kind(kind: str, shell: Any, begun: Callable[..., Project], tmp_path: Path) -> None:
    project, picture = begun("python", kind), tmp_path / "p.png"
    code, data = shell.json("dev", project.root, "--once", "-o", picture)
    assert code == 0
    if kind == "analyzer":
        assert data["words"].startswith('{"brighter": ')
        assert not picture.exists()
    else:
        assert picture.read_bytes().startswith(b"\x89PNG")
        shown = {"filter": 1280, "transition": 1920}.get(kind, 640)
        assert int.from_bytes(picture.read_bytes()[16:20], "big") == shown


def test_dev_says_what_is_wrong_and_goes_on(shell: Any, begun: Callable[..., Project]) -> None:
    project = begun("wat")
    assert "error: " in shell("dev", project.root, "--once", "--set", "amount=7")[1]
    source = project.works[0].source
    assert source is not None
    source.write_text("(func", "utf-8")
    code, data = shell.json("dev", project.root, "--once")
    assert code == 2
    assert "it is not WAT" in data["error"]["message"]
    with pytest.raises(InvalidParameterError, match="gives no value"):
        shell("dev", project.root, "--once", "--set", "amount")
    with pytest.raises(ValidationError, match="did you mean 'demo'"):
        shell("dev", project.root, "--once", "--effect", "dmeo")


def test_dev_builds_again_when_the_source_is_saved(
    shell: Any, begun: Callable[..., Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop itself: a save, a round, and Ctrl-C."""
    project = begun("wat")
    source, module = project.works[0].source, project.works[0].module
    assert source is not None
    assert module is not None
    before, waits = module.read_bytes(), []

    def wait(home: Path, stamps: Any) -> Any:
        waits.append(home)
        if len(waits) > 1:
            raise KeyboardInterrupt
        source.write_text(source.read_text("utf-8").replace("(i32.const 7)", "(i32.const 6)"), "utf-8")
        return changed(home, stamps)

    monkeypatch.setattr("kadr_author.commands.dev.changed", wait)
    code, text = shell("dev", project.root)
    assert code == 0
    assert text.count("before and after: ") == 2
    assert module.read_bytes() != before


def test_a_save_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("1", "utf-8")
    before = seen(tmp_path)
    (tmp_path / "a.wasm").write_bytes(b"")
    assert seen(tmp_path) == before
    threading.Timer(0.05, lambda: (tmp_path / "b.h").write_text("2", "utf-8")).start()
    now, saved = changed(tmp_path, before)
    assert {p.name for p in now} == {"a.c", "b.h"}
    assert abs(time.time() - saved) < 60
    assert changed(tmp_path, now, stop=lambda: True)[0] is now


def test_dev_with_a_picture_of_ones_own(shell: Any, begun: Callable[..., Project], tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (64, 48), (200, 100, 50)).save(tmp_path / "mine.png")
    project, shown = begun("python"), tmp_path / "p.png"
    words = ("--once", "--input", tmp_path / "mine.png", "-o", shown)
    assert shell("dev", project.root, *words)[0] == 0
    with Image.open(shown) as image:
        assert image.size == (1280, 360)
        assert image.convert("RGB").getpixel((320, 180)) == pytest.approx((200, 100, 50), abs=4)
