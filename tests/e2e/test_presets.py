"""Every preset renders, and its file is what its platform asks."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_kernel.kernel import Kernel
from kadr_sdk.rendering import Renderer, RenderRequest

FRAMES = 20
SIZES = {"tiktok-vertical": (144, 256), "tiktok": (144, 256), "youtube-shorts": (144, 256)}
SIZED = ("video codec", "profile", "pixel format", "audio codec", "sample rate", "channels", "max fps")


@pytest.fixture
def film(cut: Any, movie: Any) -> Any:
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 0.1, (2, 48000 * FRAMES // 25)).astype(np.float32)
    path = movie("preset.mkv", FRAMES, sound=noise, codec="ffv1")
    return cut({"id": "a", "source_file": str(path)}, fps=25)


def presets(kernel: Kernel) -> list[str]:
    return [row.id for row in kernel.catalogue.all("preset")]


def test_every_preset_makes_what_its_platform_asks(
    kernel: Kernel, film: Any, renderer: Renderer, tmp_path: Path
) -> None:
    names = presets(kernel)
    assert len(names) >= 23
    for name in names:
        data = dict(kernel.catalogue.describe("preset", name))
        size = SIZES.get(name, (256, 144)) if "resolution" in data else None
        request = RenderRequest(output=tmp_path / f"{name}.{data['container']}", preset=name, resolution=size)
        report = renderer.render(film, tmp_path, request)
        assert report.check is not None, name
        assert report.preset == name
        assert bool(report.rules) == bool(data.get("limits")), name
        # The size is ours here, and so short a film does not show a constant rate.
        kept = [r for r in report.rules if r.name not in ("resolution", "video bitrate")]
        assert all(rule.good for rule in kept), [str(r) for r in kept if not r.good]


def test_the_real_size(film: Any, renderer: Renderer, tmp_path: Path) -> None:
    request = RenderRequest(
        output=tmp_path / "f.mp4", preset="youtube-1080p", range=(Fraction(0), Fraction(1, 5))
    )
    report = renderer.render(film, tmp_path, request)
    assert (report.frames, len(report.rules)) == (5, 11)
    # A fifth of a second is shorter than loudness can be measured in.
    assert [rule.name for rule in report.rules if not rule.good] == ["loudness"]


@pytest.fixture
def kadr(kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        code = kernel.catalogue.load("host", "cli").run(kernel, [str(a) for a in arguments])
        said = capsys.readouterr()
        return code, str(said.out), str(said.err)

    return run


def test_what_is_not_kept_is_told(kadr: Any, film: Any, renderer: Renderer, tmp_path: Path) -> None:
    from kadr_sdk.project import dump_project

    (tmp_path / "film.tlp").write_text(dump_project(film), "utf-8")
    code, said, _ = kadr(
        "render", "film.tlp", "-o", "film.mp4", "--preset", "youtube-1080p", "--size", "256x144"
    )
    assert code == 0
    assert "not as youtube-1080p asks: resolution is 256x144, 1920x1080 is asked" in said
    code, said, _ = kadr("verify", "film.mp4", "--preset", "youtube-1080p")
    assert code == 5
    assert "not as youtube-1080p asks: resolution is 256x144, 1920x1080 is asked" in said
    code, said, _ = kadr("verify", "film.mp4", "--preset", "youtube-1080p", "--json")
    rules = json.loads(said)["rules"]
    assert (code, [r["name"] for r in rules if not r["good"]]) == (5, ["resolution"])
    code, said, _ = kadr("verify", "film.mp4", "--preset", "web")
    assert code == 0
    assert "complies with web (10 rules)" in said
    code, _, said = kadr("verify", "film.mp4", "--preset", "preview")
    assert code == 2
    assert "the preset preview asks nothing of a file" in said
    code, _, said = kadr("verify", "film.mp4", "--preset", "yutube-1080p")
    assert code != 0
    assert "did you mean 'youtube-1080p'" in said


def test_a_preset_says_what_it_sets(kadr: Any) -> None:
    code, said, _ = kadr("presets", "vimeo-1080p")
    assert code == 0
    for text in (
        "bitrate 20000000",
        "maxrate 25000000",
        "bufsize 40000000",
        "two_pass true",
        "tune film",
        "gop 120",
    ):
        assert text in said


@pytest.mark.parametrize(
    ("size", "fps", "wanted"),
    [
        ((3840, 1600), "60", ((1920, 800), 30)),
        ((1080, 2400), "50", ((864, 1920), 25)),
        ((640, 360), "24", ((640, 360), 24)),
    ],
)
def test_a_large_or_fast_timeline_is_fitted(
    movie: Any, cut: Any, renderer: Renderer, tmp_path: Path, size: Any, fps: str, wanted: Any
) -> None:
    clip = {"id": "a", "source_file": str(movie("preset.mkv", FRAMES))}
    project = cut(clip, fps=fps, timeline={"resolution": list(size)})
    video = renderer.plan(project, tmp_path, RenderRequest(preset="iphone")).output.video
    assert video is not None
    assert ((video.width, video.height), video.rate) == wanted
