"""Every clip and picture on one timeline, decoded by an ffmpeg program and held against its own picture."""

from __future__ import annotations

import importlib.util
import os
import sys
import tomllib
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest

HERE = Path(__file__).parent
MEDIA = Path(os.environ.get("KADR_TEST_MEDIA") or HERE.parents[2] / "shared" / "media")
ROWS = tomllib.loads((HERE / "media.toml").read_text("utf-8"))["clip"]


@pytest.fixture(scope="module")
def sheets() -> ModuleType:
    path = HERE.parent / "benchmarks" / "contact_sheet.py"
    spec = importlib.util.spec_from_file_location("kadr_contact_sheet", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not MEDIA.is_dir(), reason="the corpus of media is not here")
@pytest.mark.parametrize("folder", ["video", "derived", "images"])
def test_every_clip_on_one_timeline(sheets: ModuleType, renderer: Any, tmp_path: Path, folder: str) -> None:
    rows = [row for row in ROWS if row["name"].startswith(f"{folder}/")]
    ffmpeg = sheets.program()
    if ffmpeg is None:
        pytest.skip("there is no ffmpeg program")
    pairs = list(sheets.compared(renderer, ffmpeg, [MEDIA / row["name"] for row in rows], tmp_path))
    wrong = [
        f"{row['name']}: {pair.psnr:.1f} dB, tone {pair.tone:.1f}, alike {pair.alike:.4f}"
        for row, pair in zip(rows, pairs, strict=True)
        if (pair.alike < 0.99 if pair.loose else pair.psnr < row["program"])
    ]
    assert wrong == []
    assert [row["program"] == 0 for row in rows] == [bool(pair.loose) for pair in pairs]
    with av.open(str(tmp_path / "film.mkv")) as film:
        times = [p.pts * p.time_base for p in film.demux(video=0) if p.pts is not None]
    steps = [abs(time - Fraction(k, 25)) for k, time in enumerate(times)]
    assert len(times) == sheets.LENGTH * len(rows)
    assert max(steps) < Fraction(1, 1000)  # Matroska counts milliseconds


def test_what_is_another_picture_is_far_apart(sheets: ModuleType) -> None:
    """The measures themselves: another picture, another tone, and the picture itself."""
    picture = np.random.default_rng(1).integers(0, 256, (180, 320, 3)).astype(np.uint8)
    picture[:90] //= 2
    path = Path("a.mp4")
    same = sheets.Pair(path, picture, picture, "")
    assert (same.psnr, same.tone) == (99.0, 0.0)
    assert same.alike == pytest.approx(1)
    turned = sheets.Pair(path, picture, picture[::-1], "")
    assert turned.psnr < 12
    assert turned.alike < 0
    darker = sheets.Pair(path, picture, (picture * 0.9).astype(np.uint8), "")
    assert darker.psnr < 30
    assert 9 < darker.tone < 20
    assert darker.alike > 0.99
