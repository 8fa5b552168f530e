"""Cards: a round trip, every problem at once, and kadr's own."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from kadr_models.card import card_data, parse_card, read_card
from kadr_models.licences import refusal
from kadr_models.store import shipped_cards
from kadr_sdk.errors import ValidationError
from kadr_sdk.models import ModelCard

FILE = {"name": "m.onnx", "sha256": "0" * 64, "size": 7}
GOOD: dict[str, Any] = {"id": "m", "title": "M", "task": "face", "license": "MIT", "files": [FILE]}


@pytest.mark.parametrize("card", shipped_cards(), ids=lambda c: c.id)
def test_our_own_can_be_fetched_and_are_allowed(card: ModelCard) -> None:
    assert card.trusted
    assert not refusal(card.license)
    assert all(f.source.startswith("https://") and f.size > 0 for f in card.files)
    assert len(set(card.classes)) == 80
    assert card.origin
    assert card.inputs[0].shape[:2] == (1, 3)


def test_a_card_survives_being_written() -> None:
    for card in shipped_cards():
        data = tomllib.loads(tomli_w.dumps(card_data(card)))
        assert parse_card(data, trusted=True) == card


def test_every_problem_is_said_at_once() -> None:
    data = {
        "id": "Ä",
        "titel": "M",
        "task": "detect",
        "license": "MIT",
        "files": [{"name": "../m.onnx", "sha256": "0", "size": -1, "source": "file:///m", "x": 1}],
        "inputs": [{"name": "x"}],
        "preparation": {"fit": "crop", "order": "gbr", "scale": 0, "std": [1, 0, 1], "width": -1, "wide": 1},
        "classes": "person",
        "settings": [],
    }
    with pytest.raises(ValidationError) as caught:
        parse_card(data)
    assert {p.path for p in caught.value.problems} == {
        *("titel", "title", "id", "task", "classes", "settings", "inputs[0]"),
        *(f"files[0].{key}" for key in ("x", "name", "sha256", "size", "source")),
        *(f"preparation.{key}" for key in ("fit", "order", "scale", "std", "width", "wide")),
    }
    hints = {p.path: p.hint for p in caught.value.problems}
    assert "'title'" in hints["titel"]
    assert "'detection'" in hints["task"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"files": []}, "files"),
        ({"files": [FILE, FILE]}, "files"),
        ({"files": [3]}, "files[0]"),
        ({"title": 3}, "title"),
        ({"inputs": 3}, "inputs[0]"),
        ({"preparation": 3}, "preparation"),
        ({"preparation": {"mean": [1, 2]}}, "preparation.mean"),
    ],
)
def test_one_problem(change: dict[str, Any], path: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_card(GOOD | change)
    assert [p.path for p in caught.value.problems] == [path]


def test_a_file_that_is_none(tmp_path: Path) -> None:
    for content, words in ((b"\xff", "not TOML"), (b"id = ", "not TOML"), (b" " * (2 << 20), "larger")):
        (tmp_path / "c.toml").write_bytes(content)
        with pytest.raises(ValidationError, match=words):
            read_card(tmp_path / "c.toml")
    with pytest.raises(ValidationError, match="cannot be read"):
        read_card(tmp_path / "none.toml")
