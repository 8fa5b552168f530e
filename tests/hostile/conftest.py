"""Guests as text and runtimes for them, and the table that says how each case ends."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
WRITING = "KADR_HOSTILE_TABLE"
"""Set while ``table.py`` finds out how the cases end: what the document says does not count then."""


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


def written() -> dict[str, str]:
    """What docs/hostile.md says of each case."""
    text = (ROOT / "docs" / "hostile.md").read_text("utf-8")
    return dict(re.findall(r"^\| ([A-H]\d+) \|.*\| (\w+) \|$", text, re.MULTILINE))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A case that ends otherwise than the document says is a failure, in either direction."""
    report = (yield).get_result()  # type: ignore[misc] # what a hook wrapper is sent
    case = item.get_closest_marker("case")
    if case is None or call.when != "call" or not report.passed or WRITING in os.environ:
        return
    if (said := written().get(case.args[0])) != "pass":
        report.outcome = "failed"
        report.longrepr = f"it passes, and docs/hostile.md says {said}: python tests/hostile/table.py"
