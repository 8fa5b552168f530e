"""The example of the author's guide: built from its source, held against numpy, used in a film."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_author.building import made
from kadr_author.languages.zig import COMPILER
from kadr_author.project import read_project
from kadr_author.quality import quality_of
from kadr_sdk.frames import pixel_format
from kadr_sdk.testing.memory import read_output
from kadr_sdk.testing.synthetic import barcode_frame
from kadr_sdk.testing.vectors import digest, picture

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "corners"
NAME = "org.example.corners"


def darker(plane: Any, zero: int, amount: float, size: float) -> Any:
    """What the effect is meant to do to a plane, in whole numbers."""

    def squared(length: int) -> Any:
        way = (2.0 * np.arange(length) + 1.0 - length) / length
        return (way * way * 32768 + 0.5).astype(np.int64)

    way = squared(plane.shape[0])[:, None] + squared(plane.shape[1])[None, :]
    slope = int(amount * 256.0 / (1.0 - size) + 0.5)
    kept = 256 - (np.maximum(way - int(size * 65536 + 0.5), 0) * slope >> 16)
    return zero + ((plane.astype(np.int64) - zero) * kept >> 8)


def test_the_vectors_are_what_the_formula_says() -> None:
    rows = json.loads((EXAMPLE / "vectors" / "corners.json").read_text("utf-8"))
    assert len(rows) >= 12
    for row in rows:
        frame = picture(row["format"], row["width"], row["height"], 0, row["frame"])
        unit = 1 << (pixel_format(row["format"]).depth - 8)
        values = {"amount": 0.5, "size": 0.1} | row["values"]
        black = 0 if row["range"] == "pc" else 16 * unit
        zeros = [black, 128 * unit, 128 * unit]
        planes = [darker(p, z, **values).astype(p.dtype) for p, z in zip(frame.planes, zeros, strict=True)]
        assert digest(planes) == row["sha256"], row


def test_the_guest_is_built_from_its_source(tmp_path: Path) -> None:
    try:
        if version("ziglang") != COMPILER:
            pytest.skip(f"the guest was built with ziglang {COMPILER}")
    except PackageNotFoundError:
        pytest.skip("no C compiler here: the package ziglang is not installed")
    (work,) = read_project(EXAMPLE).works
    assert work.module is not None
    assert made(work, tmp_path) == work.module.read_bytes(), "run kadr plugin build examples/corners"


def test_in_a_film_and_of_the_best_quality(house: Callable[..., Any], tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "plugins" / "corners")
    film = house()
    film.enable(NAME)
    film.render(tmp_path / "out.mp4", effects=[{"effect_type": "corners", "parameters": {"amount": 0.8}}])
    frames = read_output(tmp_path / "out.mp4").frames
    for number in (0, 57, 99):
        plain = barcode_frame(number, 64, 36).planes[0]
        assert (frames[number] == darker(plain, 16, 0.8, 0.1)).all()
    found = quality_of(film.kernel, read_project(EXAMPLE), tmp_path / "cache")
    assert [row for row in found.outcomes if not row.passed and row.check != "rebuilt"] == []
