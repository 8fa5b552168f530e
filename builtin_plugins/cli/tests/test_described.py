"""Commands that only describe themselves get a command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kadr_cli.host import CliHost
from kadr_sdk.data_guests import CommandDescriptor
from kadr_sdk.params import Param
from kadr_sdk.plugin import CommandAnswer, DescribedCommand


@dataclass
class Turn:
    """Answers with what it was told."""

    described: CommandDescriptor
    answer: CommandAnswer = field(default_factory=lambda: CommandAnswer("done\n\x1b[2J", {"n": 1}))
    asked: list[dict[str, Any]] = field(default_factory=list)

    def execute(self, kernel: object, args: Mapping[str, Any]) -> CommandAnswer:
        self.asked.append(dict(args))
        return self.answer


PARAMS = [
    {"name": "how_far", "type": "float", "default": 1.5, "min": 1, "max": 3, "label": "Far"},
    {"name": "way", "type": "choice", "default": "up", "choices": ["up", "down"]},
    {"name": "quick", "type": "bool", "default": False},
    {"name": "place", "type": "point", "default": [0, 0]},
    {"name": "tint", "type": "color", "default": "#000000"},
    {"name": "words", "type": "text", "required": True},
]


@pytest.fixture
def turn() -> Turn:
    params = tuple(map(Param.from_dict, PARAMS))
    return Turn(CommandDescriptor("turn", "Turn", "x.wasm", summary="Turns it", params=params))


@pytest.fixture
def run(kernel: Any, turn: Turn, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*words: object) -> tuple[int, str, str]:
        code = CliHost().run(kernel(turn=turn), ["turn", *map(str, words)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_parameters_are_options(run: Any, turn: Turn) -> None:
    assert isinstance(turn, DescribedCommand)
    words = ["--how-far", 2, "--way", "down", "--quick", "yes", "--place", "[1, 2]", "--tint", "#123456"]
    assert run(*words, "--words", "5")[:2] == (0, "done\n\\x1b[2J\n")
    values = {"how_far": 2.0, "way": "down", "quick": True, "place": [1, 2], "tint": "#123456", "words": "5"}
    assert turn.asked == [values]
    assert run("--words", "x")[0] == 0
    assert turn.asked[1] == {"words": "x"}, "what is not said, the command decides"


def test_help_says_what_the_descriptor_says(run: Any) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for words in (
        "Usage: kadr turn",
        "Turns it",
        "--how-far FLOAT",
        "Far (1..3) [default: 1.5]",
        "[up|down]",
    ):
        assert words in out


def test_json_is_one_document(run: Any, turn: Turn) -> None:
    turn.answer = CommandAnswer("a", {"b": 1}, 5)
    code, out, _ = run("--words", "x", "--json")
    assert (code, json.loads(out)) == (5, {"text": "a", "data": {"b": 1}, "output": None, "exit": 5})


def test_files_go_in_and_out(run: Any, turn: Turn, tmp_path: Path) -> None:
    turn.described = CommandDescriptor("turn", "Turn", "x.wasm", input="project", output="file")
    turn.answer = CommandAnswer("", None, 0, b"made")
    film, made = tmp_path / "film.tlp", tmp_path / "made"
    film.write_text("{}")
    assert run(film, "-o", made)[:2] == (0, f"{made}\n")
    assert made.read_bytes() == b"made"
    assert turn.asked == [{"input": film}]
    for words, expected in [
        ((film, "-o", made), "exists already"),
        ((film, "-o", tmp_path / "no" / "x"), "the folder does not exist"),
        ((film,), "missing option '-o'"),
        (("-o", tmp_path / "x"), "missing argument 'PROJECT'"),
        ((film, "-o", tmp_path / "x", "--fast"), "no such option"),
    ]:
        code, _, err = run(*words)
        assert (code, expected in err) == (2, True), err
    assert len(turn.asked) == 1, "nothing was asked for what cannot be written"
    assert run(film, "-o", made, "-y")[0] == 0


def test_a_command_that_says_no_writes_nothing(run: Any, turn: Turn, tmp_path: Path) -> None:
    turn.described = CommandDescriptor("turn", "Turn", "x.wasm", output="file")
    turn.answer = CommandAnswer("not this one", None, 4)
    assert run("-o", tmp_path / "x")[:2] == (4, "not this one\n")
    assert not (tmp_path / "x").exists()
