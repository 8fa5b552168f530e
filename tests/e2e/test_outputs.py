"""Several outputs of one edit: decoded once where they show the same, each as if made alone."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.kernel import Kernel
from kadr_sdk.errors import InvalidPathError, ValidationError
from kadr_sdk.project import dump_project
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
