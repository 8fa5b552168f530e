"""Every sound of the corpus: rendered at its own rate, sample by sample what an ffmpeg program decodes.

The table is ``media.toml``; ``docs/media.md`` shows it.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest

ROWS = tomllib.loads((Path(__file__).parent / "media.toml").read_text("utf-8"))["sound"]
MEDIA = Path(os.environ.get("KADR_TEST_MEDIA") or Path(__file__).parents[3] / "shared" / "media")
pytestmark = pytest.mark.skipif(not MEDIA.is_dir(), reason="the corpus of media is not here")


@pytest.fixture(scope="module")
def ffmpeg() -> str:
    try:
        return str(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except ImportError:
        return shutil.which("ffmpeg") or pytest.skip("there is no ffmpeg program")


def samples(ffmpeg: str, path: Path, channels: int) -> Any:
    """Shape (channels, samples), float32."""
    command = [ffmpeg, "-v", "error", "-nostdin", "-i", str(path), "-map", "0:a:0", "-f", "f32le", "-"]
    data = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    return np.frombuffer(data, np.float32).reshape(-1, channels).T


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_every_sample(renderer: Any, ffmpeg: str, tmp_path: Path, row: dict[str, Any]) -> None:
    path, target = MEDIA / row["name"], tmp_path / "out.wav"
    sound = renderer.probe(path).main_audio
    assert f"{sound.codec} {sound.rate} Hz, {sound.channels} ch" == row["sound"]
    clip = {"id": "c", "source_file": str(path)}
    tracks = [{"id": "t", "type": "audio", "clips": [clip]}]
    project = parse_project({"timeline": {"fps": 25, "tracks": tracks}})
    channels = {1: "mono", 2: "stereo"}[sound.channels]
    audio = {"codec": "pcm_f32le", "sample_rate": sound.rate, "channels": channels}
    renderer.render(project, tmp_path, RenderRequest(target, audio=audio))
    found, wanted = (samples(ffmpeg, p, sound.channels) for p in (target, path))
    assert wanted.shape[1] == row["samples"]
    count = min(found.shape[1], row["samples"])  # a film lasts whole frames of the timeline
    assert abs(found.shape[1] - row["samples"]) <= sound.rate / 25 / 2 + 1
    assert np.abs(found[:, :count] - wanted[:, :count]).max() < 1e-6
    assert not found[:, count:].any()


def test_the_table_names_every_file() -> None:
    assert {row["name"] for row in ROWS} == {f"audio/{path.name}" for path in (MEDIA / "audio").iterdir()}
