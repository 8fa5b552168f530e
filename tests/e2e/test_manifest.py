"""The manifest of a render, and the same bytes again by it, or what differs."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.boot import main
from kadr_sdk.errors import (
    InvalidParameterError,
    InvalidPathError,
    SerializationError,
    ValidationError,
    VerifyError,
)
from kadr_sdk.project import parse_project
from kadr_sdk.records import RenderManifest
from kadr_sdk.rendering import RenderRequest


@dataclass
class Made:
    """A folder with a project's media, a film and its manifest."""

    folder: Path
    film: Path
    manifest: Path
    digest: str

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.manifest.read_text("utf-8"))
        return found

    def changed(self, **values: Any) -> Path:
        """The manifest with other values."""
        self.manifest.write_text(json.dumps(self.data | values), "utf-8")
        return self.manifest


@pytest.fixture
def made(renderer: Any, movie: Any, tmp_path: Path) -> Made:
    folder = tmp_path / "project"
    (folder / "media").mkdir(parents=True)
    shutil.copy(movie("manifest.mkv", 100, size=(96, 54)), folder / "media" / "a.mkv")
    bright = [{"effect_type": "brightness", "parameters": {"value": 0.1}}]
    clip = {"id": "a", "source_file": "media/a.mkv", "duration": 3, "effects": bright}
    timeline = {"fps": 25, "resolution": [96, 54], "tracks": [{"id": "v", "clips": [clip]}]}
    project = parse_project({"timeline": timeline, "export": {"video": {"codec": "h264", "crf": 30}}})
    (folder / "film.tlp").write_text(json.dumps(project.model_dump(mode="json", exclude_none=True)), "utf-8")
    film = tmp_path / "out" / "film.mp4"
    film.parent.mkdir()
    request = RenderRequest(film, range=(Fraction(1, 2), Fraction(2)), manifest=True)
    report = renderer.render(project, folder, request)
    return Made(folder, film, film.with_name("film.mp4.manifest.json"), report.digest)


def test_it_says_what_the_film_was_made_of(made: Made) -> None:
    data = made.data
    assert [row["path"] for row in data["inputs"]] == ["media/a.mkv"]
    assert data["inputs"][0]["size"] == (made.folder / "media" / "a.mkv").stat().st_size
    assert (data["sha256"], data["size"]) == (made.digest, made.film.stat().st_size)
    assert data["base"] == "../project"
    assert sum(row["count"] for row in data["segments"]) == 37
    assert "libavcodec" in data["toolchain"]
    assert list(data["plugins"]) == ["kadr.effects"]
    assert str(made.folder) not in json.dumps(data)  # it goes with its folder to another machine
    parsed = RenderManifest.parse(made.manifest.read_bytes(), "film")
    assert parsed.dump() == made.manifest.read_bytes()


def test_replayed_elsewhere_it_gives_the_same_bytes(renderer: Any, made: Made, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.move(made.folder, moved / "project")
    shutil.move(made.film.parent, moved / "out")
    manifest = moved / "out" / made.manifest.name
    again = moved / "again.mov.mp4"
    request = RenderRequest(again, workers=1, cache=False, manifest=True)
    report = renderer.replay(manifest, request)
    assert report.digest == made.digest
    assert again.read_bytes() == (moved / "out" / "film.mp4").read_bytes()
    second = json.loads(again.with_name(again.name + ".manifest.json").read_text("utf-8"))
    assert second | {"base": "", "output": ""} == json.loads(manifest.read_text("utf-8")) | {
        "base": "",
        "output": "",
    }


Spoil = Callable[[Made], object]


def other_content(made: Made) -> None:
    path = made.folder / "media" / "a.mkv"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(1, 1))


DIFFERENCES: dict[str, tuple[Spoil, list[str]]] = {
    "an input with another content": (
        other_content,
        ["inputs: media/a.mkv: has another content than it had"],
    ),
    "an input of another size": (
        lambda m: (m.folder / "media" / "a.mkv").write_bytes(b"x"),
        ["inputs: media/a.mkv: has 1 bytes instead of"],
    ),
    "an input that is gone": (
        lambda m: (m.folder / "media" / "a.mkv").unlink(),
        ["inputs: media/a.mkv: is not there"],
    ),
    "other versions": (
        lambda m: m.changed(
            toolchain=m.data["toolchain"] | {"libavcodec": "1.2.3"},
            plugins={"kadr.effects": "9.9", "some.grain": "1.0"},
        ),
        [
            "toolchain: libavcodec: was 1.2.3, and is ",
            "plugins: kadr.effects: was 9.9, and is ",
            "plugins: some.grain: was 1.0, and is not here (install some.grain 1.0)",
        ],
    ),
    "another processor": (lambda m: m.changed(processor="riscv"), ["processor: it was rendered on riscv"]),
    "another meaning of the plan": (
        lambda m: m.changed(
            plan="0" * 64, kadr="0.0.7", segments=[r | {"hash": "other"} for r in m.data["segments"]]
        ),
        ["segments: 0 would be others (it was written by kadr 0.0.7", "plan: was 0000000000000000, and is"],
    ),
    "another number of segments": (
        lambda m: m.changed(plan="0" * 64, audio="x", segments=[]),
        ["segments: were 0, and are 1 (the manifest was changed since", "audio: the sound would be another"],
    ),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_what_differs_is_said_before_any_work(renderer: Any, made: Made, tmp_path: Path, name: str) -> None:
    spoil, texts = DIFFERENCES[name]
    spoil(made)
    with pytest.raises(ValidationError, match="cannot be replayed: other bytes") as caught:
        renderer.replay(made.manifest, RenderRequest(tmp_path / "again.mp4"))
    said = [str(problem) for problem in caught.value.problems]
    assert all(any(row.startswith(text) for row in said) for text in texts), said
    assert not (tmp_path / "again.mp4").exists()


def test_other_bytes_take_no_name(renderer: Any, made: Made, tmp_path: Path) -> None:
    made.changed(sha256="0" * 64)
    with pytest.raises(VerifyError, match="instead of 0000000000000000"):
        renderer.replay(made.manifest, RenderRequest(tmp_path / "again.mp4"))
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no JSON", "is not JSON"),
        ("[]", "is not the manifest of a render"),
        ('{"format": "kadr-render-manifest", "version": 7}', "is of version 7"),
        ('{"format": "kadr-render-manifest", "version": 1}', "is damaged: 'kadr'"),
        ("[" * 100000, "is not JSON"),
    ],
)
def test_what_is_no_manifest(renderer: Any, tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "m.json"
    path.write_text(text, "utf-8")
    with pytest.raises(SerializationError) as caught:
        renderer.replay(path, RenderRequest(tmp_path / "again.mp4"))
    assert says in str(caught.value)


def test_damaged_values_are_an_error_too(renderer: Any, made: Made, tmp_path: Path) -> None:
    for values in ({"request": {"range": ["x", "1"]}}, {"inputs": [{"path": "a"}]}, {"plugins": []}):
        with pytest.raises(SerializationError, match="damaged"):
            renderer.replay(made.changed(**values), RenderRequest(tmp_path / "again.mp4"))
        made.manifest.write_text(
            json.dumps(made.data | {"request": {}, "inputs": [], "plugins": {}}), "utf-8"
        )


def test_a_standing_manifest_is_not_replaced(renderer: Any, made: Made) -> None:
    project = parse_project(made.data["project"])
    made.film.unlink()
    with pytest.raises(InvalidPathError, match="exists already"):
        renderer.render(project, made.folder, RenderRequest(made.film, manifest=True))
    request = RenderRequest(made.film, manifest=True, overwrite=True, range=(Fraction(0), Fraction(1)))
    renderer.render(project, made.folder, request)
    assert made.data["request"]["range"] == ["0", "1"]


def test_a_ladder_has_none(renderer: Any, made: Made, tmp_path: Path) -> None:
    project = parse_project(made.data["project"])
    with pytest.raises(InvalidParameterError, match="a ladder has no manifest"):
        renderer.render(project, made.folder, RenderRequest(tmp_path / "hls", container="hls", manifest=True))


def test_the_command(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KADR_HOME", str(tmp_path / "home"))

    def kadr(*arguments: str | Path) -> tuple[int, str]:
        code = main(["render", *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out + said.err

    again, manifest = tmp_path / "again.mp4", made.manifest
    assert kadr("--replay", manifest, "-o", again, "--json")[0] == 0
    assert again.read_bytes() == made.film.read_bytes()
    for arguments, says in (
        ([made.folder / "film.tlp", "--replay", manifest], "no PROJECT"),
        (["--replay", manifest, "--crf", "20"], "--crf is what the manifest says"),
        (["--replay", manifest, "--range", "0", "1"], "--range is what the manifest says"),
        ([], "missing argument 'PROJECT'"),
        (["--replay", tmp_path / "gone.json"], "the manifest does not exist"),
    ):
        code, said = kadr(*arguments, "-o", tmp_path / "x.mp4")
        assert (code, says in said) == (2, True), said
    other_content(made)
    code, said = kadr("--replay", manifest, "-o", tmp_path / "x.mp4")
    assert code != 0
    assert "media/a.mkv: has another content than it had" in said
    project = made.folder / "film.tlp"
    assert kadr(project, "-o", tmp_path / "two.mp4", "--manifest")[0] == 0
    assert (tmp_path / "two.mp4.manifest.json").exists()
