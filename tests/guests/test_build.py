"""The committed guests are what the compiler makes of the committed sources, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

import pytest


def test_the_guests_are_built_from_their_sources(script: Callable[[str], ModuleType]) -> None:
    build = script("sdk/c/build.py")
    try:
        found = version("ziglang")
    except PackageNotFoundError:
        pytest.skip("no C compiler here: the package ziglang is not installed")
    if found != build.COMPILER:
        pytest.skip(f"ziglang {found} is installed; the guests were built with {build.COMPILER}")
    sources = sorted(build.GUESTS.glob("*.c"))
    assert [s.stem for s in sources] == sorted(p.stem for p in build.GUESTS.glob("*.wasm"))
    for source in sources:
        made, kept = build.build(source), source.with_suffix(".wasm").read_bytes()
        assert made == kept, f"{source.name} was changed: run python sdk/c/build.py"
        assert len(kept) < 10_000
