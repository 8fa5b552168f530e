"""Digests of code: of the whole package, whoever asks first."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kadr_kernel.render.code import CodeDigests


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of two effects and a module that they share."""
    folder = tmp_path / "digested"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "shared.py").write_text("AMOUNT = 1\n")
    (folder / "one.py").write_text("class One: ...\n")
    (folder / "two.py").write_text("class Two: ...\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [n for n in sys.modules if n.partition(".")[0] == "digested"]:
        del sys.modules[name]


def load(name: str) -> object:
    module = importlib.import_module(f"digested.{name.lower()}")
    made: object = getattr(module, name)()
    return made


def test_who_asks_first_does_not_matter(package: Path) -> None:
    first, second = CodeDigests(), CodeDigests()
    assert first.of(load("One")) == second.of(load("Two"))


def test_a_shared_module_counts(package: Path) -> None:
    before = CodeDigests().of(load("One"))
    (package / "shared.py").write_text("AMOUNT = 2\n")
    assert CodeDigests().of(load("One")) != before


def test_what_was_made_in_memory_has_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [type(name, (), {"__module__": "nowhere.at.all"}) for name in ("A", "B")]
    digests = {CodeDigests().of(kind()) for kind in kinds}
    assert len(digests) == 2
