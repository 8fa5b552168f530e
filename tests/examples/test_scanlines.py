"""The example of docs/plugins.md, put into a plugin folder as a user would, enabled and rendered with."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_sdk.effects import EffectDeclaration
from kadr_sdk.errors import ValidationError
from kadr_sdk.testing.memory import read_output
from kadr_sdk.testing.synthetic import barcode_frame

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "scanlines"
NAME = "org.example.scanlines"


@pytest.fixture
def film(house: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in [name for name in sys.modules if name.partition(".")[0] == "org_example_scanlines"]:
        monkeypatch.delitem(sys.modules, name)  # other tests install it too
    shutil.copytree(EXAMPLE, tmp_path / "plugins" / "scanlines")
    return house()


def test_it_waits_for_a_yes(film: Any, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=rf"kadr plugin enable {NAME}"):
        film.render(tmp_path / "out.mp4", effects=[{"effect_type": "scanlines"}])
    row = next(r for r in film.kernel.plugins.rows() if r.id == NAME)
    assert row.state != "active"
    assert "org_example_scanlines" not in sys.modules


@pytest.mark.parametrize(("size", "dark"), [(1, [1, 3, 35]), (3, [3, 4, 5, 9])])
def test_every_other_line_is_darker(film: Any, tmp_path: Path, size: int, dark: list[int]) -> None:
    film.enable(NAME)
    use = {"effect_type": "scanlines", "parameters": {"amount": 0.5, "size": size}}
    film.render(tmp_path / "out.mp4", effects=[use])
    frames = read_output(tmp_path / "out.mp4").frames
    assert len(frames) == 100
    for number in (0, 57, 99):
        plain = barcode_frame(number, 64, 36).planes[0].astype(int)
        lines = np.arange(36) // size % 2 == 1
        assert all(lines[row] for row in dark)
        assert (frames[number][~lines] == plain[~lines]).all()
        assert (frames[number][lines] == 16 + (plain[lines] - 16) // 2).all()


def test_its_neutral_value_is_dropped_and_a_wrong_one_refused(film: Any, tmp_path: Path) -> None:
    film.enable(NAME)
    film.render(tmp_path / "plain.mp4", effects=[])
    film.render(tmp_path / "none.mp4", effects=[{"effect_type": "scanlines", "parameters": {"amount": 0}}])
    assert (tmp_path / "plain.mp4").read_bytes() == (tmp_path / "none.mp4").read_bytes()
    use = {"effect_type": "scanlines", "parameters": {"amount": 2, "sise": 1}}
    with pytest.raises(ValidationError, match=r"(?s)sise.*did you mean 'size'.*2 is outside 0..1"):
        film.render(tmp_path / "no.mp4", effects=[use])


def test_its_descriptor_is_a_declaration(film: Any) -> None:
    film.enable(NAME)
    found = EffectDeclaration.from_dict(dict(film.kernel.catalogue.describe("effect", "scanlines")))
    assert found.id == NAME
    assert found.neutral({"amount": 0.0, "size": 2.0})
