"""The setting ``media.untrusted``: the same film, and a job that outlives what a file does to its reader."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.boot import boot
from kadr_kernel.kernel import Kernel
from kadr_kernel.run import parse_options
from kadr_sdk.errors import ValidationError
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


def test_the_option_stands_before_the_command() -> None:
    options, rest = parse_options(["--untrusted", "probe", "a.mp4"], {})
    assert options.untrusted
    assert rest == ["probe", "a.mp4"]
    assert not parse_options(["probe", "--untrusted"], {})[0].untrusted
