"""docs/hostile.md says what the tests say."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType

GROUPS = {"A": range(1, 21), "B": range(21, 34), "C": range(34, 39), "D": range(39, 52), "H": range(74, 81)}


def test_every_case_has_words_and_a_test(script: Callable[[str], ModuleType]) -> None:
    module = script("table")
    wanted = [f"{group}{number}" for group, numbers in GROUPS.items() for number in numbers]
    assert [case for entries in module.cases().values() for case in entries if case != "title"] == wanted
    assert sorted(module.tests(), key=wanted.index) == wanted


def test_the_document_is_not_stale(script: Callable[[str], ModuleType]) -> None:
    """How a case ended is compared by its own test (conftest.py); here, everything else."""
    module = script("table")
    text = module.DOCUMENT.read_text("utf-8")
    ended = dict(re.findall(r"^\| ([A-H]\d+) \|.*\| (\w+) \|$", text, re.MULTILINE))
    assert set(ended.values()) <= {"pass", "fail"}
    assert module.document(ended) == text, "python tests/hostile/table.py"
