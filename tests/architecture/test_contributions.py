"""Every kind of contribution has its contract: a Protocol or a descriptor, and a section of the documents."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from kadr_sdk import contributions
from kadr_sdk.manifest import CONTRIBUTION_KINDS

DOCSTRING = contributions.__doc__ or ""
ROWS = {
    match[1]: match[2]
    for match in re.finditer(
        r"^([a-z_]+) +(\S.*(?:\n {13}\S.*)*)$", DOCSTRING.partition("====\n")[2], re.MULTILINE
    )
    if match[1] in CONTRIBUTION_KINDS
}


def test_every_kind_has_a_row() -> None:
    assert set(ROWS) == set(CONTRIBUTION_KINDS)


@pytest.mark.parametrize("kind", sorted(CONTRIBUTION_KINDS))
def test_the_row_names_things_that_exist(kind: str) -> None:
    names = re.findall(r":class:`~?([\w.]+)`", ROWS[kind])
    for name in names:
        module, _, attribute = name.rpartition(".")
        assert isinstance(getattr(importlib.import_module(module or contributions.__name__), attribute), type)
    assert names or "descriptor" in ROWS[kind] or "same" in ROWS[kind] or "provides" in ROWS[kind]


@pytest.mark.parametrize("kind", sorted(CONTRIBUTION_KINDS))
def test_the_documents_have_a_section(kind: str, root: Path) -> None:
    text = (root / "docs" / "contributions.md").read_text("utf-8")
    section = text.partition(f"\n## {kind}\n")[2].partition("\n## ")[0]
    first = CONTRIBUTION_KINDS[kind]
    assert section.strip().lower().startswith(first), f"the section of {kind} begins: {first}"


def test_no_section_of_an_unknown_kind(root: Path) -> None:
    text = (root / "docs" / "contributions.md").read_text("utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == sorted(CONTRIBUTION_KINDS)
