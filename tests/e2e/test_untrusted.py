"""The setting ``media.untrusted``: the same film, and a job that outlives what a file does to its reader."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.boot import boot
from kadr_kernel.kernel import Kernel
from kadr_kernel.run import parse_options
from kadr_sdk.errors import MediaFileError, ValidationError
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import Renderer, RenderRequest

MEDIA = Path(os.environ.get("KADR_TEST_MEDIA") or Path(__file__).parents[3] / "shared" / "media")


@pytest.fixture(scope="module")
def careful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    home = tmp_path_factory.mktemp("careful")
    with boot(environ={"KADR_HOME": str(home)}, overrides={"media.untrusted": True}) as running:
        yield running


def test_the_same_film_bit_for_bit(
    renderer: Any, careful: Kernel, movie: Any, cut: Any, tone: Any, tmp_path: Path
) -> None:
    source = movie("sounding.mp4", 50, sound=tone)
    project = cut(
        {"id": "a", "source_file": str(source), "duration": 1},
        {"id": "b", "source_file": str(source), "start_time": 1, "reversed": True, "duration": 1},
    )
    found = []
    for name, house in (("here", renderer), ("there", careful.container.get(Renderer))):
        target = tmp_path / f"{name}.mkv"
        house.render(project, tmp_path, RenderRequest(target, cache=False))
        found.append(hashlib.sha256(target.read_bytes()).hexdigest())
    assert found[0] == found[1]


@pytest.fixture
def tone() -> Any:
    import numpy as np

    wave = 0.2 * np.sin(np.arange(96000) / 20).astype(np.float32)
    return np.stack([wave, wave])


@pytest.mark.skipif(not MEDIA.is_dir(), reason="the corpus of media is not here")
def test_refusals_are_collected_as_ever(careful: Kernel, cut: Any, tmp_path: Path) -> None:
    files = ["made_random_bytes.mp4", "made_truncated.jpg"]
    clips = [
        {"id": f, "source_file": str(MEDIA / "broken" / f), "start_time": n, "duration": 1}
        for n, f in enumerate(files)
    ]
    with pytest.raises(ValidationError) as caught:
        careful.container.get(Renderer).render(cut(*clips), tmp_path, RenderRequest(tmp_path / "o.mp4"))
    assert [name in p.message for name, p in zip(files, caught.value.problems, strict=True)] == [True, True]


ROWS = tomllib.loads((Path(__file__).parent / "media.toml").read_text("utf-8"))["broken"]


def said_of(
    house: Any, row: dict[str, Any], folder: Path, damage: str = "error"
) -> tuple[str, list[str], int]:
    """What becomes of a broken file: the outcome, kadr's words, and frames."""
    path = MEDIA / "broken" / row["name"]
    sound = path.suffix in (".mp3", ".wav")
    clip = {"id": "c", "source_file": str(path)} | ({"duration": 0.4} if row["frames"] == 10 else {})
    tracks = [{"id": "t", "type": "audio" if sound else "video", "clips": [clip]}]
    project = parse_project({"timeline": {"fps": 25, "resolution": [160, 90], "tracks": tracks}})
    target = folder / ("out.wav" if sound else "out.mp4")
    try:
        report = house.render(project, folder, RenderRequest(target, damage=damage, cache=False))
    except ValidationError as error:
        return "refused", [problem.message for problem in error.problems], 0
    except MediaFileError as error:
        return "stopped", [error.message], 0
    assert len(target.read_bytes()) == report.bytes
    return "accepted", [warning.message for warning in report.warnings], report.frames


@pytest.mark.skipif(not MEDIA.is_dir(), reason="the corpus of media is not here")
@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_every_broken_file_ends_as_it_does_elsewhere(
    careful: Kernel, tmp_path: Path, row: dict[str, Any]
) -> None:
    outcome, words, frames = said_of(careful.container.get(Renderer), row, tmp_path)
    assert (outcome, frames) == (row["outcome"], row["frames"] if outcome == "accepted" else 0)
    assert row["says"] in " ".join(words)
    assert [path.name for path in tmp_path.iterdir()] == (
        ["out.mp4"] if frames else ["out.wav"] if outcome == "accepted" else []
    )


@pytest.mark.skipif(not MEDIA.is_dir(), reason="the corpus of media is not here")
def test_the_same_kernel_goes_on_after_all_of_them(
    careful: Kernel, movie: Any, cut: Any, read_numbers: Any, tmp_path: Path
) -> None:
    house = careful.container.get(Renderer)
    (damaged,) = (row for row in ROWS if row["outcome"] == "stopped")
    assert said_of(house, damaged, tmp_path, "hold")[::2] == ("accepted", damaged["frames"])
    project = cut({"id": "a", "source_file": str(movie("after.mp4", 25)), "duration": 1})
    house.render(project, tmp_path, RenderRequest(tmp_path / "after.mkv"))
    assert read_numbers(tmp_path / "after.mkv") == list(range(25))


def test_the_option_stands_before_the_command() -> None:
    options, rest = parse_options(["--untrusted", "probe", "a.mp4"], {})
    assert options.untrusted
    assert rest == ["probe", "a.mp4"]
    assert not parse_options(["probe", "--untrusted"], {})[0].untrusted
