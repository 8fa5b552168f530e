"""The class of processor, and where it enters a hash."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from kadr_kernel.render import machine, planner
from kadr_sdk.plan import Segment


def test_it_says_architecture_and_instruction_sets() -> None:
    assert re.fullmatch(r".+-[0-9a-f]{8}", machine.processor_class())


def test_other_instruction_sets_are_another_class(monkeypatch: pytest.MonkeyPatch) -> None:
    here = machine.processor_class()
    monkeypatch.setattr(machine, "_features", lambda: ["SSE2"])
    machine.processor_class.cache_clear()
    assert machine.processor_class() != here
    machine.processor_class.cache_clear()


def test_it_enters_only_what_depends_on_it() -> None:
    portable = Segment(0, 0, 1, (), portable=True)
    assert planner._where(portable) == ""
    assert planner._where(replace(portable, portable=False)) == machine.processor_class()
