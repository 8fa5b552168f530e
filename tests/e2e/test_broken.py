"""For each broken file one stated outcome; the table is ``media.toml``, shown in ``docs/media.md``."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.errors import KadrError, MediaFileError, ValidationError
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest
from PIL import Image

ROWS = tomllib.loads((Path(__file__).parent / "media.toml").read_text("utf-8"))["broken"]
FOLDER = Path(os.environ.get("KADR_TEST_MEDIA") or Path(__file__).parents[3] / "shared" / "media") / "broken"
corpus = pytest.mark.skipif(not FOLDER.is_dir(), reason="the corpus of media is not here")


def rows(outcome: str) -> Any:
    found = [row for row in ROWS if row["outcome"] == outcome]
    return pytest.mark.parametrize("row", found, ids=[row["name"] for row in found])


def request_of(row: dict[str, Any], folder: Path, damage: str = "error") -> tuple[Any, RenderRequest]:
    path = FOLDER / row["name"]
    sound = path.suffix in (".mp3", ".wav")
    clip = {"id": "c", "source_file": str(path)} | ({"duration": 0.4} if row["frames"] == 10 else {})
    tracks = [{"id": "t", "type": "audio" if sound else "video", "clips": [clip]}]
    project = parse_project({"timeline": {"fps": 25, "resolution": [160, 90], "tracks": tracks}})
    return project, RenderRequest(folder / ("out.wav" if sound else "out.mp4"), damage=damage)


@corpus
def test_the_table_names_every_file() -> None:
    assert {row["name"] for row in ROWS} == {path.name for path in FOLDER.iterdir()}


@corpus
@rows("refused")
@pytest.mark.parametrize("damage", ["error", "hold", "black"])
def test_refused_before_the_start(renderer: Any, tmp_path: Path, row: dict[str, Any], damage: str) -> None:
    project, request = request_of(row, tmp_path, damage)
    with pytest.raises(ValidationError) as caught:
        renderer.render(project, tmp_path, request)
    (problem,) = caught.value.problems
    assert problem.path == "timeline.tracks[0].clips[0].source_file"
    assert row["name"] in problem.message
    assert row["says"] in problem.message
    assert problem.hint
    assert list(tmp_path.iterdir()) == []


@corpus
@rows("accepted")
def test_accepted(renderer: Any, tmp_path: Path, row: dict[str, Any]) -> None:
    project, request = request_of(row, tmp_path)
    report = renderer.render(project, tmp_path, request)
    said = [warning.message for warning in report.warnings]
    assert said == ([row["says"]] if row["says"] else [])
    assert report.frames == row["frames"]
    if row["frames"]:
        assert len(luma(request.output)) == row["frames"]


@corpus
@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_verify_tells_what_is_broken(renderer: Any, row: dict[str, Any]) -> None:
    found = renderer.verify(FOLDER / row["name"], "full").problems
    assert [problem.as_dict()["kind"] for problem in found[:1]] == ([row["verify"]] if row["verify"] else [])


@corpus
@pytest.mark.parametrize("folder", ["video", "derived", "audio"])
def test_verify_finds_nothing_wrong_in_good_files(renderer: Any, folder: str) -> None:
    """What a camera wrote may begin late and stand for uneven times: that is told, and no defect."""
    reports = {p.name: renderer.verify(p, "fast") for p in sorted((FOLDER.parent / folder).iterdir())}
    assert {name: report.problems for name, report in reports.items() if not report.good} == {}
    odd = {name for name, report in reports.items() if report.remarks}
    assert ("si awesome movie.mov" in odd) == (folder == "video")


@corpus
@rows("stopped")
def test_stopped_when_the_damage_shows(renderer: Any, tmp_path: Path, row: dict[str, Any]) -> None:
    project, request = request_of(row, tmp_path)
    with pytest.raises(MediaFileError) as caught:
        renderer.render(project, tmp_path, request)
    assert row["says"] in caught.value.message
    assert caught.value.path.endswith(row["name"])
    assert "hold" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@corpus
@rows("stopped")
@pytest.mark.parametrize("damage", ["hold", "black"])
def test_goes_on_when_asked_and_counts(
    renderer: Any, tmp_path: Path, row: dict[str, Any], damage: str
) -> None:
    project, request = request_of(row, tmp_path, damage)
    report = renderer.render(project, tmp_path, request)
    shown = luma(request.output)
    assert len(shown) == report.frames == row["frames"]
    said = [warning.message for warning in report.warnings]
    assert any("the sound is damaged" in text for text in said)
    pictures = [text for text in said if "shown is" in text]
    assert pictures
    assert all({"hold": "the last good frame", "black": "black"}[damage] in text for text in pictures)
    assert any(text.endswith(f"{row['frames']} in all") for text in said)
    assert all(frame.max() <= 20 for frame in shown)  # not one of its frames is good


def luma(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def test_hold_repeats_the_last_good_frame_and_black_is_black(
    renderer: Any, movie: Any, cut: Any, read_numbers: Any, tmp_path: Path
) -> None:
    """FFV1 has checksums: frame 12 is spoiled, all others are whole."""
    source = movie("spoiled.mkv", 30, codec="ffv1")
    with av.open(str(source)) as container:
        packets = [bytes(p) for p in container.demux(video=0) if p.size]
    data = bytearray(source.read_bytes())
    at, end = data.index(packets[12]) + 4, data.index(packets[12]) + len(packets[12])
    data[at:end] = np.random.default_rng(1).bytes(end - at)
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(data)
    project = cut({"id": "a", "source_file": str(broken), "duration": 1.2})
    with pytest.raises(KadrError, match=r"frame 12 at 0\.48 s is damaged"):
        renderer.render(project, tmp_path, RenderRequest(tmp_path / "error.mkv"))
    assert not (tmp_path / "error.mkv").exists()
    for damage, stand_in in (("hold", 11), ("black", None)):
        target = tmp_path / f"{damage}.mkv"
        report = renderer.render(project, tmp_path, RenderRequest(target, damage=damage))
        found = read_numbers(target)
        assert [n for n in range(30) if n != 12] == found[:12] + found[13:]
        assert found[12] == stand_in if stand_in else luma(target)[12].max() <= 16
        assert len(report.warnings) == 1


def test_a_picture_of_144_million_pixels_meets_a_limit(renderer: Any, cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    Image.fromarray(np.zeros((12000, 12000), bool)).save(path)
    with pytest.raises(ValidationError) as caught:
        renderer.plan(
            cut({"id": "a", "source_file": str(path), "duration": 1}),
            tmp_path,
            RenderRequest(tmp_path / "a.mp4"),
        )
    (problem,) = caught.value.problems
    assert "the picture is 12000x12000, more than the limit of 67108864 pixels" in problem.message
    assert "scale it down" in problem.hint


def test_a_timeline_of_144_million_pixels_meets_a_limit(renderer: Any, cut: Any, tmp_path: Path) -> None:
    clip = {"id": "a", "generator": {"type": "color"}, "duration": 1}
    with pytest.raises(ValidationError) as caught:
        renderer.plan(
            cut(clip, timeline={"resolution": [12000, 12000]}), tmp_path, RenderRequest(tmp_path / "a.mp4")
        )
    (problem,) = caught.value.problems
    assert problem.path == "export.resolution"
    assert "the output is 12000x12000, more than the limit of 67108864 pixels" in problem.message
