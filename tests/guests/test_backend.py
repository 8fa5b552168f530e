"""Guests with the real backend: the same film from one worker and from two, and by Python's numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_kernel.boot import boot
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import Renderer, RenderRequest


def film(*effects: dict[str, Any]) -> Any:
    clips = [
        {"id": "a", "generator": {"type": "test_card"}, "duration": 6, "effects": list(effects)},
        {"id": "b", "generator": {"type": "bars"}, "duration": 3, "start_time": 5.6},
    ]
    joint = {"transition_type": "wipe_soft", "between": ["a", "b"], "duration": 0.4}
    tracks = [{"id": "v", "clips": clips, "transitions": [joint]}]
    export = {"container": "mkv", "video": {"codec": "ffv1"}}
    timeline = {"fps": 25, "resolution": [160, 90], "tracks": tracks}
    return parse_project({"timeline": timeline, "export": export})


def luma(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return [f.to_ndarray()[: f.height].astype(int) for f in container.decode(video=0)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    projects = {"plain": film(), "one": film(USE), "two": film(USE)}
    for name, project in projects.items():
        with boot(environ={"KADR_HOME": str(folder / name)}) as kernel:  # a home each: nothing is cached
            request = RenderRequest(output=folder / f"{name}.mkv", workers=2 if name == "two" else 1)
            report = kernel.container.get(Renderer).render(project, folder, request)
            assert report.warnings == ()
            rows = kernel.runtime.counters()
            assert ("kadr.wasm_effects/kadr.wasm.invert" in rows) is (name != "plain")
    return {name: folder / f"{name}.mkv" for name in projects}


USE: dict[str, Any] = {"effect_type": "wasm_invert", "parameters": {"amount": 1.0}}


def test_serial_equals_parallel(made: dict[str, Path]) -> None:
    assert made["one"].read_bytes() == made["two"].read_bytes()


def test_the_numbers(made: dict[str, Path]) -> None:
    plain, inverted = luma(made["plain"]), luma(made["one"])
    assert len(plain) == len(inverted) > 200
    for number in (0, 1, 70, 130):
        assert np.array_equal(inverted[number], np.maximum(251 - plain[number], 0)), number
    assert np.array_equal(inverted[-1], plain[-1])
