"""Several outputs of one edit: decoded once where they show the same, each as if made alone."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from kadr_kernel.kernel import Kernel
from kadr_sdk.errors import InvalidPathError, ValidationError
from kadr_sdk.project import dump_project, parse_project
from kadr_sdk.rendering import Renderer, RenderRequest

FRAMES = 60


@pytest.fixture
def film(cut: Any, movie: Any) -> Any:
    return cut({"id": "a", "source_file": str(movie("outputs.mkv", FRAMES, codec="ffv1"))}, fps=25)


@pytest.fixture
def composed(renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Frames and encoders of every segment that is composed."""
    backend, found = renderer.backend(), []
    single, several = backend.encode, backend.encode_all

    def encode(segment: Any, output: Any, sink: Any, context: Any) -> Any:
        found.append((segment.count, 1))
        return single(segment, output, sink, context)

    def encode_all(segment: Any, outputs: Any, sinks: Any, context: Any) -> Any:
        if len(outputs) > 1:
            found.append((segment.count, len(outputs)))
        return several(segment, outputs, sinks, context)

    monkeypatch.setattr(backend, "encode", encode)
    monkeypatch.setattr(backend, "encode_all", encode_all)
    return found


@pytest.mark.parametrize("cache", [False, True])
def test_frames_are_composed_once_for_all(
    film: Any, renderer: Renderer, tmp_path: Path, composed: Any, read_numbers: Any, cache: bool
) -> None:
    names = ["a.mp4", "b.webm", "c.mkv"]
    first = Fraction(1) if cache else Fraction(0)  # so that neither finds the other's work
    requests = [RenderRequest(output=tmp_path / n, cache=cache, range=(first, Fraction(2))) for n in names]
    reports = renderer.render_all(film, tmp_path, requests)
    wanted = list(range(25 if cache else 0, 50))
    assert composed == [(len(wanted), 3)]
    for report, name in zip(reports, names, strict=True):
        assert Path(report.output) == tmp_path / name
        assert report.frames == len(wanted)
        assert read_numbers(tmp_path / name) == wanted
        alone = RenderRequest(output=tmp_path / f"alone-{name}", cache=False, range=(first, Fraction(2)))
        assert renderer.render(film, tmp_path, alone).digest == report.digest


def test_another_size_is_a_job_of_its_own(
    film: Any, renderer: Renderer, tmp_path: Path, composed: Any, read_numbers: Any
) -> None:
    requests = [
        RenderRequest(output=tmp_path / "a.mp4", cache=False),
        RenderRequest(output=tmp_path / "b.mp4", cache=False, resolution=(160, 90)),
        RenderRequest(output=tmp_path / "c.mp4", cache=False, video={"crf": 30}),
        RenderRequest(output=tmp_path / "d.mp4", cache=False),
    ]
    reports = renderer.render_all(film, tmp_path, requests)
    assert sorted(composed) == [(FRAMES, 1), (FRAMES, 2)], "d is a, and made once"
    assert reports[0].digest == reports[3].digest
    assert read_numbers(tmp_path / "c.mp4") == list(range(FRAMES))


def test_all_is_checked_before_anything_is_made(
    film: Any, renderer: Renderer, tmp_path: Path, composed: Any
) -> None:
    (tmp_path / "b.mp4").write_bytes(b"mine")
    requests = [RenderRequest(output=tmp_path / n) for n in ("a.mp4", "b.mp4")]
    with pytest.raises(InvalidPathError, match="exists already"):
        renderer.render_all(film, tmp_path, requests)
    wrong = [
        RenderRequest(output=tmp_path / "a.mp4"),
        RenderRequest(output=tmp_path / "c.mp4", video={"crf": 60}),
    ]
    with pytest.raises(ValidationError, match="does not take crf 60"):
        renderer.render_all(film, tmp_path, wrong)
    twice = [RenderRequest(output=tmp_path / "a.mp4")] * 2
    with pytest.raises(InvalidPathError, match="is named twice"):
        renderer.render_all(film, tmp_path, twice)
    assert composed == []
    assert [p.name for p in tmp_path.iterdir()] == ["b.mp4"]


def test_the_command(
    kernel: Kernel, film: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("film.tlp").write_text(dump_project(film), "utf-8")
    run = kernel.catalogue.load("host", "cli").run
    assert run(kernel, ["render", "film.tlp", "-o", "a.mp4", "-o", "b.webm", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(r["output"]).name for r in rows if r["event"] == "Report"] == ["a.mp4", "b.webm"]
    assert run(kernel, ["render", "film.tlp", "-o", "c.mp4", "-o", "d.webm"]) == 0
    said = capsys.readouterr().out
    assert "c.mp4" in said
    assert "d.webm" in said


EXPORTS = [
    {"id": "web", "output": "web.mp4", "video": {"codec": "h264", "crf": 30}, "metadata": {"title": "Web"}},
    {"id": "small", "output": "small.webm", "resolution": [160, 90], "range": [0, 1]},
    {"id": "stream", "output": "stream", "container": "hls", "range": [0, 1]},
]


@pytest.fixture
def listed(film: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project file with several exports, in the working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "film.tlp"
    path.write_text(json.dumps({**json.loads(dump_project(film)), "exports": EXPORTS}), "utf-8")
    return path


def test_exports_of_the_project_are_rendered_together(
    kernel: Kernel, listed: Path, capsys: Any, read_numbers: Any, renderer: Renderer
) -> None:
    run = kernel.catalogue.load("host", "cli").run
    assert run(kernel, ["validate", "film.tlp"]) == 0
    assert run(kernel, ["render", "film.tlp"]) == 0
    capsys.readouterr()
    assert (listed.parent / "stream" / "master.m3u8").is_file()
    assert read_numbers(listed.parent / "web.mp4") == list(range(FRAMES))
    small = renderer.probe(listed.parent / "small.webm")
    assert small.main_video is not None
    assert (small.main_video.width, small.main_video.codec) == (160, "vp9")
    with av.open(str(listed.parent / "web.mp4")) as container:
        assert container.metadata["title"] == "Web"


def test_one_of_the_exports(kernel: Kernel, listed: Path, capsys: Any, renderer: Renderer) -> None:
    run = kernel.catalogue.load("host", "cli").run
    assert run(kernel, ["render", "film.tlp", "--export", "small", "-o", "other.mkv", "--no-cache"]) == 0
    found = renderer.probe(listed.parent / "other.mkv").main_video
    assert found is not None
    assert (found.width, found.codec) == (160, "ffv1"), "size of the export, container of the file"
    assert run(kernel, ["plan", "film.tlp", "--export", "small", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["frames"] == 25
    assert run(kernel, ["render", "film.tlp", "--export", "smal"]) == 2
    assert "unknown export 'smal'" in (said := capsys.readouterr().err)
    assert "did you mean 'small'" in said


def test_a_project_without_exports_needs_an_output(
    kernel: Kernel, film: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("film.tlp").write_text(dump_project(film), "utf-8")
    run = kernel.catalogue.load("host", "cli").run
    assert run(kernel, ["render", "film.tlp"]) == 2
    assert "the project lists no exports" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        ({"output": "/etc/film.mp4"}, "exports[1].output", "is outside the project's folder"),
        ({"output": "C:\\film.mp4"}, "exports[1].output", "is outside the project's folder"),
        ({"output": "a/../../film.mp4"}, "exports[1].output", "is outside the project's folder"),
        ({"id": "web"}, "exports[1].id", "the id 'web' is used twice"),
        ({"codec": "h264"}, "exports[1].codec", "unknown field 'codec'"),
        (
            {
                "renditions": [
                    {"name": "a", "max_resolution": [2, 2]},
                    {"name": "A", "max_resolution": [4, 4]},
                ]
            },
            "exports[1].renditions[1].name",
            "'a' is used twice",
        ),
        (
            {"renditions": [{"name": "../a", "max_resolution": [2, 2]}]},
            "exports[1].renditions[0].name",
            "should match pattern",
        ),
    ],
)
def test_wrong_exports(change: dict[str, Any], path: str, said: str) -> None:
    rows = [EXPORTS[0], EXPORTS[1] | change]
    with pytest.raises(ValidationError) as caught:
        parse_project({"exports": rows})
    (problem,) = caught.value.problems
    assert problem.path == path
    assert said in problem.message
