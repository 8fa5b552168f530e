"""Effect uses: short names with values, files by the project's folder, values refused in time."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.render.looks import Look, Looks, Moment
from kadr_sdk.backend import Capabilities
from kadr_sdk.color import BT709
from kadr_sdk.effects import FilterContext, FilterSpec, FrameCall
from kadr_sdk.errors import MediaFileError, Problem
from kadr_sdk.frames import VideoFrame
from kadr_sdk.manifest import Contribution
from kadr_sdk.params import FilePath
from kadr_sdk.plan import Call, Native, Node, Solid, content_hash
from kadr_sdk.project import EffectUse

SOLID = Solid((0.0, 0.0, 0.0, 1.0), 64, 36, "yuv420p", BT709, 5)
CAPABILITIES = Capabilities(
    "test", (), {}, frozenset(), frozenset({"lut3d"}), frozenset(), ("filter", "frame"), frozenset(), 1
)


class Table:
    """Reads a file; refuses one that says ``broken``; natively only if asked for."""

    def check(self, values: Mapping[str, Any]) -> None:
        if Path(values["file"]).read_text("utf-8") == "broken":
            raise MediaFileError("line 1: the table is broken", path=values["file"], hint="export it again")

    def filters(self, values: Mapping[str, Any], at: FilterContext) -> list[FilterSpec] | None:
        assert at.frames == 5
        return [FilterSpec("lut3d", (("file", values["file"]),))] if values["style"] == "native" else None

    def frame(self, call: FrameCall) -> VideoFrame:
        return call.inputs[0][0].copy()


DATA = {
    "id": "test.table",
    "version": 1,
    "title": "T",
    "names": ["table", "native_table"],
    "implementations": ["filter", "frame"],
    "params": [
        {"name": "file", "type": "file", "required": True},
        {"name": "style", "type": "choice", "choices": ["plain", "native"], "default": "plain"},
    ],
    "aliases": {"native_table": {"style": "native"}},
}


class OneEffect:
    def find(self, kind: str, name: str) -> Contribution:
        return Contribution(kind, "test.table", "test.plugin", names=("table", "native_table"), entry="x:y")

    def describe(self, kind: str, name: str) -> Mapping[str, Any]:
        return DATA

    def load(self, kind: str, name: str) -> Any:
        return Table()


def look(folder: Path, name: str, problems: list[Problem], **parameters: Any) -> Look | None:
    use = EffectUse(id="e", effect_type=name, parameters=parameters)
    looks = Looks(OneEffect(), CAPABILITIES, folder)  # type: ignore[arg-type]  # all that Looks asks for
    return looks.look("effect", name, use, "effects[0]", Fraction(25), problems)


def node(folder: Path, name: str, **parameters: Any) -> Node:
    found = look(folder, name, [], **parameters)
    assert found is not None
    looks = Looks(OneEffect(), CAPABILITIES, folder)  # type: ignore[arg-type]  # all that Looks asks for
    moment = Moment(Fraction(25), 0, 5, 5, BT709)
    return looks.node(found, [SOLID], (64, 36), "yuv420p", moment)


def test_a_file_is_relative_to_the_project(tmp_path: Path) -> None:
    (tmp_path / "a.cube").write_text("fine", "utf-8")
    found = look(tmp_path, "table", [], file="a.cube")
    assert found is not None
    assert found.values["file"] == str(tmp_path / "a.cube")
    assert isinstance(found.values["file"], FilePath)
    absolute = look(tmp_path / "elsewhere", "table", [], file=str(tmp_path / "a.cube"))
    assert absolute is not None
    assert absolute.values["file"] == str(tmp_path / "a.cube")


@pytest.mark.parametrize("text", ["missing.cube", "", "  ", "a\0b", "."])
def test_a_file_that_is_not_there_is_a_problem(text: str, tmp_path: Path) -> None:
    problems: list[Problem] = []
    assert look(tmp_path, "table", problems, file=text) is None
    (problem,) = problems
    assert problem.path == "effects[0].parameters.file"
    assert problem.message == f"there is no file {text!r}"
    assert problem.hint == "check the path; it is relative to the project file"


def test_refused_values_are_a_problem_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "b.cube").write_text("broken", "utf-8")
    problems: list[Problem] = []
    assert look(tmp_path, "table", problems, file="b.cube") is None
    (problem,) = problems
    assert problem.path == "effects[0].parameters"
    assert problem.message == f"{tmp_path / 'b.cube'}: line 1: the table is broken"
    assert problem.hint == "export it again"


def test_a_short_name_brings_its_values_and_the_user_wins(tmp_path: Path) -> None:
    (tmp_path / "a.cube").write_text("fine", "utf-8")
    assert isinstance(node(tmp_path, "native_table", file="a.cube"), Native)
    assert isinstance(node(tmp_path, "table", file="a.cube"), Call)
    assert isinstance(node(tmp_path, "native_table", file="a.cube", style="plain"), Call)


@pytest.mark.parametrize("name", ["table", "native_table"])
def test_in_the_hash_the_content_stands_for_the_path(name: str, tmp_path: Path) -> None:
    hashes = []
    for place, text in (("one", "same"), ("two", "same"), ("three", "other")):
        (tmp_path / place).mkdir()
        (tmp_path / place / "a.cube").write_text(text, "utf-8")
        made = node(tmp_path / place, name, file="a.cube")
        hashes.append(content_hash(made, lambda path: Path(path).read_text("utf-8")))
    assert hashes[0] == hashes[1] != hashes[2]
