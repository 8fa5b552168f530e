"""The plugin is what its manifest says, and every effect in Python keeps the effect contract."""

from __future__ import annotations

import tomllib
from pathlib import Path

import kadr_effects
import pytest
from kadr_sdk.effects import EffectDeclaration
from kadr_sdk.frames import pixel_format
from kadr_sdk.manifest import Contribution, read_manifest
from kadr_sdk.testing.conformance import check_effect, check_plugin
from kadr_sdk.testing.shapes import load_entry

FOLDER = Path(kadr_effects.__file__).parent
FORMATS = ("yuv420p", "yuva420p", "yuv422p10le", "yuv444p")
"""One of each kind; the deep ones are tried effect by effect in their own tests."""


def declared(item: Contribution) -> EffectDeclaration:
    return EffectDeclaration.from_dict(tomllib.loads((FOLDER / item.file).read_text("utf-8")))


IN_PYTHON = [
    item
    for item in read_manifest(FOLDER / "plugin.toml").contributions
    if "frame" in declared(item).implementations and not any(p.required for p in declared(item).params)
]


def test_conformance() -> None:
    check_plugin("kadr_effects")


def test_there_are_many() -> None:
    assert len(IN_PYTHON) > 40


@pytest.mark.parametrize("item", IN_PYTHON, ids=lambda item: item.id)
def test_an_effect(item: Contribution) -> None:
    declaration = declared(item)
    accepted = declaration.formats or FORMATS
    some = [f for f in FORMATS if f in accepted] or [min(accepted, key=lambda f: pixel_format(f).depth)]
    check_effect(declaration, load_entry(item.entry)(), formats=some)
