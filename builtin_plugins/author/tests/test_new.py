"""What ``kadr plugin new`` makes passes from the first day, in every language and kind."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kadr_author.calls import answer
from kadr_author.languages import LANGUAGES, PYTHON, named
from kadr_author.new import KINDS, make, wanted
from kadr_author.project import Project
from kadr_author.quality import quality_of, rules_of
from kadr_author.trial import on_trial
from kadr_author.vectors import file_of, read_vectors
from kadr_kernel.kernel import Kernel
from kadr_sdk.errors import InvalidParameterError, InvalidPathError, NotSupportedError

ALL = [(language, kind) for language in [*LANGUAGES, PYTHON] for kind in KINDS]


def wrong(kernel: Kernel, project: Project) -> list[str]:
    """Vectors whose answer is another."""
    (work,) = project.works
    with tempfile.TemporaryDirectory() as folder, on_trial(kernel, project, Path(folder)) as bench:
        effect = bench.effect(work)
        rows = read_vectors(file_of(project.vectors, work.declaration))
        assert rows
        return [v.case.where for v in rows if answer(work.declaration, effect, v.case) != v.sha256]


@pytest.mark.parametrize(("language", "kind"), ALL, ids=lambda word: word)
def test_every_language_makes_the_same_pictures(
    language: str, kind: str, kernel: Kernel, begun: Callable[..., Project]
) -> None:
    project = begun(language, kind)
    assert wrong(kernel, project) == []
    assert rules_of(kernel, project) == []


def test_languages_have_other_names() -> None:
    words = {"C++": "cpp", "AssemblyScript": "as", "golang": "go", "Python": "python"}
    assert {word: named(word) for word in words} == words


@pytest.mark.parametrize(("language", "level"), [("wat", "platinum"), ("python", "gold")])
def test_it_has_the_best_quality_that_its_language_can(
    language: str, level: str, kernel: Kernel, begun: Callable[..., Project], cache: Path
) -> None:
    found = quality_of(kernel, begun(language), cache)
    missed = [row.check for row in found.outcomes if not row.passed]
    assert missed == ([] if level == "platinum" else ["sandboxed"])
    assert found.level == level


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        (("Glow!", "c", "filter"), InvalidParameterError, "lower_case words"),
        (("com..glow", "c", "filter"), InvalidParameterError, "lower_case words"),
        (("glow", "go", "analyser"), InvalidParameterError, "did you mean 'analyzer'"),
    ],
)
def test_wrong_wishes(given: tuple[str, str, str], error: Any, says: str) -> None:
    with pytest.raises(error, match=says):
        wanted(*given, "org.example")


def test_an_unknown_language() -> None:
    with pytest.raises(NotSupportedError, match="did you mean 'rust'"):
        named("rsut")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "glow").write_text("mine", "utf-8")
    with pytest.raises(InvalidPathError, match="exists already"):
        make(wanted("glow", "wat", "filter", "org.example"), tmp_path / "glow")
    assert [p.name for p in tmp_path.iterdir()] == ["glow"]


def test_a_whole_id_is_taken_as_it_is() -> None:
    asked = wanted("com.me.soft_glow", "c", "filter", "org.example")
    assert (asked.id, asked.name, asked.title) == ("com.me.soft_glow", "soft_glow", "Soft glow")
