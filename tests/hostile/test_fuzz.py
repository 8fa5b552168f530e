"""The first mutants of each kind; ``fuzz.py`` runs all 200,000."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest


@pytest.mark.parametrize(
    ("kind", "needed"),
    [("modules", {"refused", "does not compile", "ran"}), ("descriptors", {"not read", "refused", "read"}),
     ("declarations", {"refused", "read"})],
)  # fmt: skip
def test_mutants(script: Callable[[str], ModuleType], kind: str, needed: set[str]) -> None:
    """An answer or the error that is for it, in time; and some of every sort."""
    module = script("fuzz")
    found = module.batch(kind, 1000, 1000)
    assert found.total() == 1000
    assert needed <= found.keys()
    assert all(found[outcome] > 20 for outcome in needed)


def test_all_kinds_are_run_in_full(script: Callable[[str], ModuleType]) -> None:
    module = script("fuzz")
    assert module.PLAN.keys() == module.BATCHES.keys()
    assert sum(module.PLAN.values()) * module.SIZE == 200_000
