from __future__ import annotations

import pytest
from kadr_kernel.plugins.crashes import Crash
from kadr_kernel.plugins.discovery import Found
from kadr_kernel.plugins.roster import Choice, left_out, with_requirements
from kadr_sdk.errors import Problem
from kadr_sdk.manifest import Manifest


def found(plugin: str, *requires: str, distribution: str = "") -> Found:
    return Found(plugin, "test", distribution=distribution, manifest=Manifest(plugin, "1", requires=requires))


ROWS = [found("x.a", "x.b>=1"), found("x.b", "x.c"), found("x.c"), found("x.d", distribution="pinned")]


def reasons(choice: Choice) -> dict[str, str]:
    return {plugin: str(absence) for plugin, absence in left_out(ROWS, choice).items()}


def test_everybody_may_run_by_default() -> None:
    assert reasons(Choice()) == {}


def test_disabled() -> None:
    assert reasons(Choice(disabled={"x.a", "x.unknown"})) == {"x.a": "it is disabled; kadr plugin enable x.a"}


def test_only_these_and_what_they_require() -> None:
    assert with_requirements(ROWS, ["x.a"]) == {"x.a", "x.b", "x.c"}
    assert reasons(Choice(only={"x.a"})) == {"x.d": "it is left out by --plugins; add it: --plugins x.d,…"}
    assert set(reasons(Choice(only=set()))) == {"x.a", "x.b", "x.c", "x.d"}


def test_circles_end() -> None:
    rows = [found("x.a", "x.b"), found("x.b", "x.a")]
    assert with_requirements(rows, ["x.a"]) == {"x.a", "x.b"}


def test_safe_mode_needs_publisher_and_id() -> None:
    assert set(reasons(Choice(pinned={("dist:pinned", "x.d"), ("dist:pinned", "x.a")}))) == {
        "x.a",
        "x.b",
        "x.c",
    }
    assert len(reasons(Choice(pinned=set()))) == 4


@pytest.mark.parametrize(("count", "out"), [(2, False), (3, True), (4, True)])
def test_three_crashes_in_a_row(count: int, out: bool) -> None:
    absences = left_out(ROWS, Choice(crashed={"x.a": Crash("x.a", "m:x", count)}))
    assert ("x.a" in absences) is out
    if out:
        assert absences["x.a"].by == "crash"
        assert f"it took kadr down {count} times in a row while 'm:x' was loaded" in str(absences["x.a"])
        assert "kadr plugin enable x.a" in str(absences["x.a"])


def test_the_users_wish_is_told_before_anything_else() -> None:
    choice = Choice(
        disabled={"x.a"},
        only={"x.d"},
        crashed={"x.a": Crash("x.a", "m", 9)},
        waiting={"x.a": Problem("", "needs a yes"), "x.d": Problem("", "needs a yes")},
    )
    absences = left_out(ROWS, choice)
    assert absences["x.a"].why.message == "it is disabled"
    assert absences["x.b"].by == "wish"
    assert (absences["x.d"].by, absences["x.d"].why.message) == ("consent", "needs a yes")
