"""Settings of all tests: one hypothesis profile, and hostile cases that end as the document says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("kadr", deadline=None, derandomize=True, max_examples=60, database=None)
settings.load_profile("kadr")

WRITING = "KADR_HOSTILE_TABLE"
"""Set while tests/hostile/table.py finds out how cases end: what the document says does not count then."""


@cache
def written() -> dict[str, str]:
    """What docs/hostile.md says of each case."""
    text = (Path(__file__).parent / "docs" / "hostile.md").read_text("utf-8")
    return dict(re.findall(r"^\| ([A-I]\d+) \|.*\| (\w+) \|$", text, re.MULTILINE))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A case that ends otherwise than the document says is a failure, in either direction."""
    report = (yield).get_result()  # type: ignore[misc] # what a hook wrapper is sent
    if call.when != "call" or not report.passed or WRITING in os.environ:
        return
    for mark in item.iter_markers("case"):
        if (said := written().get(mark.args[0])) != "pass":
            report.outcome = "failed"
            report.longrepr = f"it passes, and docs/hostile.md says {said}: python tests/hostile/table.py"
