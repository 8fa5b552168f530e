"""docs/hostile.md says what the tests say."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType

FIRST = {"A": 1, "B": 21, "C": 34, "D": 39, "E": 52, "F": 60, "G": 69, "H": 74, "I": 81}
LAST = 83


def test_every_case_has_words_and_a_test(script: Callable[[str], ModuleType]) -> None:
    module = script("table")
    ends = [*list(FIRST.values())[1:], LAST + 1]
    wanted = [
        f"{g}{n}" for (g, first), end in zip(FIRST.items(), ends, strict=True) for n in range(first, end)
    ]
    assert [case for entries in module.cases().values() for case in entries if case != "title"] == wanted
    assert sorted(module.tests(), key=wanted.index) == wanted


def test_the_document_is_not_stale(script: Callable[[str], ModuleType]) -> None:
    """How a case ended is compared by its own test (conftest.py); here, everything else."""
    module = script("table")
    text = module.DOCUMENT.read_text("utf-8")
    ended = dict(re.findall(r"^\| ([A-I]\d+) \|.*\| (\w+) \|$", text, re.MULTILINE))
    assert set(ended.values()) <= {"pass", "fail"}
    assert module.document(ended) == text, "python tests/hostile/table.py"
