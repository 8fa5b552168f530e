"""``kadr import``: lists of other programs, rendered; every picture is the one that they name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.kernel import Kernel
from kadr_sdk.project import parse_project

EDL = """\
TITLE: Cut
001  A  V  C        01:00:00:10 01:00:00:20 01:00:00:00 01:00:00:10
* FROM CLIP NAME: a.mkv
002  B  V  C        00:00:00:05 00:00:00:15 01:00:00:10 01:00:00:20
* FROM CLIP NAME: b.mkv
"""


@pytest.fixture
def kadr(kernel: Kernel, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = kernel.catalogue.load("host", "cli").run(kernel, [str(w) for w in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_an_edl_renders_the_frames_that_it_names(
    kadr: Any, movie: Any, read_numbers: Any, tmp_path: Path
) -> None:
    a = movie("a.mkv", 30, codec="ffv1")
    movie("b.mkv", 30, first=100, codec="ffv1")
    (tmp_path / "cut.edl").write_text(EDL.replace("01:00:00:10 01:00:00:20 01", "00:00:00:10 00:00:00:20 01"))
    project = tmp_path / "out" / "cut.tlp"
    project.parent.mkdir()
    command = ("import", tmp_path / "cut.edl", "-o", project, "--media", a.parent, "--fps", "25", "--json")
    code, out, _ = kadr(*command)
    said = json.loads(out)
    assert code == 0
    assert (said["importer"], said["missing"], said["kept"]["clips"]) == ("edl", [], 2)
    document = parse_project(project.read_bytes())
    assert document.timeline.resolution == (320, 180), "as the pictures have"
    assert document.extensions["import"]["notes"] == said["notes"]
    assert all("timecoded" not in c.extensions for c in document.timeline.tracks[0].clips)
    assert kadr("render", project, "-o", tmp_path / "film.mkv", "--no-cache")[0] == 0
    assert read_numbers(tmp_path / "film.mkv") == [*range(10, 20), *range(105, 115)]


def test_otio_beside_its_media(kadr: Any, movie: Any, read_numbers: Any, tmp_path: Path) -> None:
    a = movie("a.mkv", 30, codec="ffv1")

    def time(value: int) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "RationalTime.1", "value": value, "rate": 25}

    span = {"OTIO_SCHEMA": "TimeRange.1", "start_time": time(4), "duration": time(6)}
    media = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": "elsewhere/a.mkv"}
    clip = {"OTIO_SCHEMA": "Clip.1", "name": "a", "media_reference": media, "source_range": span}
    track = {"OTIO_SCHEMA": "Track.1", "kind": "Video", "children": [clip]}
    stack = {"OTIO_SCHEMA": "Stack.1", "children": [track]}
    (tmp_path / "film.otio").write_text(json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": stack}))
    (tmp_path / "a.mkv").write_bytes(a.read_bytes())
    code, out, _ = kadr("import", tmp_path / "film.otio", "-o", tmp_path / "film.tlp")
    assert code == 0
    assert "nothing was lost or changed" in out
    assert (
        json.loads((tmp_path / "film.tlp").read_text())["timeline"]["tracks"][0]["clips"][0]["source_file"]
        == "a.mkv"
    )
    assert kadr("render", tmp_path / "film.tlp", "-o", tmp_path / "film.mkv", "--no-cache")[0] == 0
    assert read_numbers(tmp_path / "film.mkv") == list(range(4, 10))


def test_wrong_input_is_refused_before_anything_is_written(kadr: Any, tmp_path: Path) -> None:
    edl, project = tmp_path / "cut.edl", tmp_path / "cut.tlp"
    edl.write_text(EDL + "* VIDEO EFFECT: Glow\n")
    (tmp_path / "cut.xml").write_text("")
    for words, expected in [
        ((tmp_path / "cut.xml", "-o", project), "no importer reads the ending '.xml' (known: .edl, .otio"),
        ((tmp_path / "none.edl", "-o", project), "there is no such file"),
        ((edl, "-o", project, "--with", "edll"), "did you mean 'edl'"),
        ((edl, "-o", project, "--media", tmp_path / "no"), "is not a folder"),
        ((edl, "-o", project, "--strict"), "the effect 'Glow'"),
        ((edl, "-o", tmp_path / "no" / "cut.tlp"), "the folder does not exist"),
        ((edl, "-o", edl, "-y"), "have one name"),
        ((edl,), "missing option '-o'"),
    ]:
        code, _, err = kadr("import", *words)
        assert (code, expected in err) == (2, True), err
    assert not project.exists()
    code, out, _ = kadr("import", edl, "-o", project)
    assert code == 0
    assert "missing  a.mkv" in out
    assert "exists already" in kadr("import", edl, "-o", project)[2]
