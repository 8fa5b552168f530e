"""The built-in guests give the shared vectors, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from kadr_sdk.color import Color
from kadr_sdk.effects import FrameCall

VECTORS = Path(__file__).resolve().parents[2] / "sdk" / "abi" / "vectors"
NAMES = sorted(p.stem for p in VECTORS.glob("*.json"))
EXAMPLES = ["glow"]
"""Of the SDKs, not of the plugin: see test_languages."""


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(EXAMPLES)))
def test_vectors(name: str, script: Callable[[str], ModuleType], guest: Callable[[str], Any]) -> None:
    make, effect = script("sdk/abi/vectors/make.py"), guest(name)
    _reference, inputs, (before, after), _sets = make.EFFECTS[name]
    rows = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    assert len(rows) >= 40
    for row in rows:
        at, size = row["frame"], (row["format"], row["width"], row["height"])
        frames = [
            [make.picture(*size, i, n) for n in range(at - before, at + after + 1)] for i in range(inputs)
        ]
        color = Color("bt709", "bt709", "bt709", row["range"])
        for frame in (f for window in frames for f in window):
            frame.color = color
        made = effect.frame(
            FrameCall(
                frames, row["values"], at, Fraction(25), Fraction(at, 25), Fraction(40), row["progress"], 1,
                row["width"], row["height"], row["format"], color,
            )
        )  # fmt: skip
        assert make.digest(made.planes) == row["sha256"], row


def test_the_files_are_what_the_generator_writes(script: Callable[[str], ModuleType]) -> None:
    make = script("sdk/abi/vectors/make.py")
    assert sorted(make.EFFECTS) == NAMES
    for name in NAMES:
        assert (VECTORS / f"{name}.json").read_text("utf-8") == make.text(name)
