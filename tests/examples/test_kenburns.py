"""Python as a guest: the example made by componentize-py, its command and its analyzer."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_kernel.boot import boot
from kadr_kernel.kernel import Kernel
from kadr_sdk.color import BT709
from kadr_sdk.errors import InputError
from kadr_sdk.frames import VideoFrame
from kadr_sdk.output import Output, VideoEncoding
from kadr_sdk.rendering import Renderer

SIZE = 64, 36
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    tool = shutil.which("componentize-py")
    if tool is None:
        pytest.skip("componentize-py is not on the path; the step languages of .ci/run has it")
    folder = tmp_path_factory.mktemp("kenburns")
    shutil.copytree(ROOT / "examples" / "kenburns", folder / "plugins" / "kenburns")
    package = folder / "plugins" / "kenburns" / "src" / "org_example_kenburns"
    command = [tool, "-d", ROOT / "sdk" / "abi" / "data.wit", "-w", "guest", "componentize", "--stub-wasi"]
    command += ["-p", folder / "plugins" / "kenburns", "guest", "-o", package / "guest.wasm"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True, cwd=folder, timeout=300)
    settings = {"plugins.folders": [str(folder / "plugins")]}
    with boot(environ={"KADR_HOME": str(folder / "home")}, overrides=settings) as running:
        yield running


def film(clips: list[dict[str, Any]], path: Path) -> Path:
    path.write_text(json.dumps({"timeline": {"tracks": [{"id": "v", "clips": clips}]}}), "utf-8")
    return path


def test_python_gives_clips_their_curves_and_says_no(kernel: Kernel, tmp_path: Path) -> None:
    command = kernel.catalogue.load("command", "kenburns")
    clip = {"id": "a", "source_file": "a.mp4", "duration": 4}
    still = film([clip, clip | {"id": "b", "start_time": "4", "duration": "10/3"}], tmp_path / "film.tlp")
    answers = [command.execute(kernel, {"input": str(still), "zoom": 2.0, "shake": 0.01}) for _ in range(2)]
    assert answers[0] == answers[1], "the same every time"
    assert (answers[0].text, answers[0].data) == ("2 clips move now", {"moved": 2})
    moved = json.loads(answers[0].content)["timeline"]["tracks"][0]["clips"]
    keys = moved[1]["transform"]["scale_x"]["keyframes"]
    assert (keys[0]["value"], keys[-1]["value"], keys[-1]["time"]) == (2, 1, 3.333333)
    with pytest.raises(InputError, match="says: no clip has a duration and stands still"):
        command.execute(kernel, {"input": str(film([], tmp_path / "none.tlp"))})


def test_python_digests_what_another_analyzer_found(kernel: Kernel, tmp_path: Path) -> None:
    renderer = kernel.container.get(Renderer)
    backend = renderer.backend()
    output = backend.prepare(
        Output("test", "matroska", VideoEncoding("ffv1", "gray", *SIZE, Fraction(25)), None)
    )
    levels = [200, 5, 5, 200, 200, 5]
    frames = (VideoFrame([np.full(SIZE[::-1], v, np.uint8)], "gray", *SIZE, BT709) for v in levels)
    backend.write(tmp_path / "film.mkv", output, frames, None)
    rows = [dict(row) for row in renderer.analyze(tmp_path / "film.mkv", "dark", {"below": 0.3})]
    assert [(row["frame"], row["time"], row["end"]) for row in rows] == [(1, 0.04, 0.08), (5, 0.2, 0.2)]
