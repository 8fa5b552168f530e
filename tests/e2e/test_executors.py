"""Real renders with other executors: the same bytes, and a killed worker costs little."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.boot import boot
from kadr_kernel.render import teams
from kadr_kernel.worker import versions_of
from kadr_sdk.errors import CancelledError, DependencyMissingError, NotFoundError
from kadr_sdk.events import RenderProgressed
from kadr_sdk.project import Project, parse_project
from kadr_sdk.rendering import Renderer, RenderRequest


@pytest.fixture
def film(movie: Callable[..., Path]) -> Project:
    """Three clips of 3 s with an effect in libav, one in Python and one in WebAssembly."""
    source = movie("executors.mp4", 250)
    effects = ("blur", "pixelate", "wasm_invert")
    clips = [
        {
            "id": f"c{n}",
            "source_file": str(source),
            "start_time": 3 * n,
            "source_start": n,
            "duration": 3,
            "effects": [{"effect_type": effect}],
        }
        for n, effect in enumerate(effects)
    ]
    export = {"video": {"codec": "h264", "crf": 30, "preset": "ultrafast"}}
    timeline = {"fps": 25, "resolution": [320, 180], "tracks": [{"id": "v", "clips": clips}]}
    return parse_project({"timeline": timeline, "export": export})


@pytest.fixture
def render(kernel: Any, tmp_path: Path) -> Callable[..., Any]:
    def run(project: Project, control: Any = None, **request: Any) -> Any:
        given = {"output": tmp_path / "out.mp4", "overwrite": True, "cache": False} | request
        return kernel.container.get(Renderer).render(project, tmp_path, RenderRequest(**given), control)

    return run


def test_processes_make_the_same_bytes(render: Any, film: Project) -> None:
    here = render(film, workers=2)
    there = render(film, workers=2, executor="processes")
    assert (there.digest, there.plan) == (here.digest, here.plan)
    assert there.segments == 3


def test_a_killed_worker_costs_its_segment(
    render: Any, film: Project, kernel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    born: list[Any] = []

    class Noted(teams._Worker):
        def __init__(self, recipe: bytes) -> None:
            super().__init__(recipe)
            born.append(self)

    monkeypatch.setattr(teams, "_Worker", Noted)
    once = threading.Event()

    def kill(_event: RenderProgressed) -> None:
        if not once.is_set():
            once.set()
            born[0]._child.kill()

    token = kernel.events.subscribe(RenderProgressed, kill)
    broken = render(film, workers=1, executor="processes")
    token.cancel()
    assert once.is_set()
    assert len(born) == 2
    assert broken.digest == render(film).digest


SOON = 10.0
"""Seconds; 2 where nothing else runs. A machine that is busy gets more."""


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_cancelling_leaves_no_work_behind(
    render: Any, kernel: Any, movie: Any, cut: Any, monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    """Frames of ten minutes are asked for; what works on them has ended when the render has."""
    born: list[Any] = []

    class Noted(teams._Worker):
        def __init__(self, recipe: bytes) -> None:
            super().__init__(recipe)
            born.append(self)

    monkeypatch.setattr(teams, "_Worker", Noted)
    source = movie("executors.mp4", 250)
    blur = [{"effect_type": "blur"}]
    clip = {"source_file": str(source), "duration": 600, "past_end": "hold", "effects": blur}
    control = kernel.container.get(Renderer).control()
    asked: list[float] = []
    told: list[int] = []

    def cancel(event: RenderProgressed) -> None:
        told.append(event.done)
        if not asked:
            asked.append(time.monotonic())
            control.cancel()

    token = kernel.events.subscribe(RenderProgressed, cancel)
    with pytest.raises(CancelledError):
        render(cut(clip | {"id": "long"}), control, workers=2, executor=executor)
    assert time.monotonic() - asked[0] < SOON
    count = len(told)
    time.sleep(0.3)
    token.cancel()
    assert len(told) == count, "somebody still works"
    assert all(worker._child.process.poll() is not None for worker in born)
    assert len(born) == (2 if executor == "processes" else 0)


def test_a_worker_with_other_versions_makes_nothing(
    render: Any, film: Project, kernel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(running: Any, *, portable: bool) -> dict[str, str]:
        return versions_of(running, portable=portable) | {"library libx264": "1"}

    monkeypatch.setattr("kadr_kernel.worker.versions_of", other)
    with pytest.raises(DependencyMissingError, match=r"library libx264: \S+ here, 1 wanted") as caught:
        render(film, executor="processes")
    assert caught.value.hint == "install the same versions on both sides"


def test_unknown_executors_are_named_before_anything(render: Any, film: Project, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="unknown executor 'proceses'") as caught:
        render(film, executor="proceses")
    assert "did you mean 'processes'?" in caught.value.hint
    assert not list(tmp_path.glob("out*"))


def test_the_setting_chooses_too(film: Project, tmp_path: Path) -> None:
    environ = {"KADR_HOME": str(tmp_path / "home"), "KADR_RENDER__EXECUTOR": "nobody"}
    with boot(environ=environ) as kernel, pytest.raises(NotFoundError, match="nobody"):
        kernel.container.get(Renderer).render(film, tmp_path, RenderRequest(output=tmp_path / "o.mp4"))
