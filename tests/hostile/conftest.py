"""Guests as text and runtimes for them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load(path: str) -> ModuleType:
    """A Python file of the repository as a module; test modules do not import each other."""
    spec = importlib.util.spec_from_file_location(f"hostile_{Path(path).stem}", ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_sandbox = load("kernel/tests/sandbox/conftest.py")
compiled, lab, apart, kit, asked = (
    getattr(_sandbox, name) for name in ("compiled", "lab", "apart", "kit", "asked")
)


@pytest.fixture(scope="session")
def script() -> Callable[[str], ModuleType]:
    """A Python file beside the tests."""
    return lambda name: load(f"tests/hostile/{name}.py")


@pytest.fixture
def well(lab: Any, kit: Any) -> Iterator[None]:
    """After the test a good guest of another plugin makes its picture, and nothing is said of it."""
    yield
    made = lab.use(kit.COPY, plugin="org.good").frame(kit.call(5))
    assert (made.planes[0] == kit.picture(5).planes[0]).all()
    row = lab.runtime.counters()["org.good/test.guest"]
    assert not any(row[name] for name in ("traps", "crashes", "deadlines", "violations", "replaced"))
