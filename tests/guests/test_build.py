"""The committed guests are what the compiler makes of the committed sources, byte for byte."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from kadr_kernel.sandbox.runtime import CoreRuntime
from kadr_sdk.color import BT709
from kadr_sdk.effects import EffectDeclaration, FrameCall
from kadr_sdk.frames import VideoFrame


def compiler() -> str:
    try:
        return version("ziglang")
    except PackageNotFoundError:
        pytest.skip("no C compiler here: the package ziglang is not installed")


def test_the_guests_are_built_from_their_sources(script: Callable[[str], ModuleType]) -> None:
    build = script("sdk/c/build.py")
    found = compiler()
    if found != build.COMPILER:
        pytest.skip(f"ziglang {found} is installed; the guests were built with {build.COMPILER}")
    sources = sorted(build.GUESTS.glob("*.c"))
    assert [s.stem for s in sources] == sorted(p.stem for p in build.GUESTS.glob("*.wasm"))
    for source in sources:
        made, kept = build.build(source), source.with_suffix(".wasm").read_bytes()
        assert made == kept, f"{source.name} was changed: run python sdk/c/build.py"
        assert len(kept) < 10_000


def quoted(language: str) -> str:
    """The first block of a language in the author's page."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "wasm.md").read_text("utf-8")
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_of_the_authors_page(script: Callable[[str], ModuleType], tmp_path: Path) -> None:
    compiler()
    source = tmp_path / "dim.c"
    source.write_text(quoted("c"), "utf-8")
    source.with_suffix(".toml").write_text(quoted("toml"), "utf-8")
    assert script("sdk/c/build.py").main([str(source)]) == 0
    declaration = EffectDeclaration.from_dict(tomllib.loads(quoted("toml")))
    runtime = CoreRuntime(tmp_path / "compiled")
    bound = runtime.load(source.with_suffix(".wasm").read_bytes(), declaration, "org.example").bind("fail")
    frame = VideoFrame.empty("yuv420p", 50, 30, BT709)
    for plane in frame.planes:
        plane[...] = np.arange(plane.size, dtype=np.uint8).reshape(plane.shape)
    values: dict[str, Any] = {"amount": 0.25}
    moment = (0, Fraction(25), Fraction(0), Fraction(4), 0.0, 1)
    made = bound.effect(print).frame(FrameCall([[frame]], values, *moment, 50, 30, "yuv420p", BT709))
    assert (made.planes[0] == frame.planes[0].astype(int) * 96 >> 7).all()
    assert all((a == b).all() for a, b in zip(made.planes[1:], frame.planes[1:], strict=True))
    bound.close()
    runtime.close()
