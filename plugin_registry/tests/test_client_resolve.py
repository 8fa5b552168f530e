"""Resolving: the newest that fits, and when nothing does, the chain that is to blame. Group G."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from kadr_registry.client import resolve as resolving
from kadr_registry.client.conflicts import ConflictError
from kadr_registry.client.resolve import Rules, Wish, resolve
from kadr_registry.listing import Release
from kadr_sdk.errors import NotFoundError
from packaging.specifiers import SpecifierSet
from packaging.version import Version

Shelf = dict[str, list[Release]]


def release(version: str, *requires: str, **more: object) -> Release:
    values = {"api": ">=1,<2", "tier": "sandboxed", "requires": requires} | more
    return Release(version, "a" * 64, 1, "2026-01-01", **values)  # type: ignore[arg-type]  # by name


def chosen(shelf: Shelf, *asks: str, **rules: object) -> dict[str, str]:
    def releases(plugin: str) -> Sequence[Release]:
        if plugin not in shelf:
            raise NotFoundError("plugin", plugin, shelf)
        return sorted(shelf[plugin], key=lambda r: Version(r.version), reverse=True)

    names = [ask.split(" ") for ask in asks]
    wishes = [Wish(name, SpecifierSet("".join(rest))) for name, *rest in names]
    native = frozenset(name for name, *_ in names)
    found = resolve(wishes, Rules(releases, native=native, **rules))  # type: ignore[arg-type]  # by name
    return {name: candidate.version for name, candidate in found.items()}


def test_the_newest_that_fits_everything() -> None:
    shelf = {
        "x.a": [release("1.0", "x.b<2"), release("2.0", "x.b>=2", "x.c")],
        "x.b": [release("1.5"), release("2.5", "x.c<2"), release("3.0", "x.c>=9")],
        "x.c": [release("1.0"), release("2.0")],
    }
    assert chosen(shelf, "x.a") == {"x.a": "2.0", "x.b": "2.5", "x.c": "1.0"}
    assert chosen(shelf, "x.a", "x.b <2") == {"x.a": "1.0", "x.b": "1.5"}


def test_what_is_locked_stays_while_it_fits() -> None:
    shelf = {"x.a": [release("1.0"), release("2.0")]}
    assert chosen(shelf, "x.a", locked={"x.a": "1.0"}) == {"x.a": "1.0"}
    assert chosen(shelf, "x.a >=2", locked={"x.a": "1.0"}) == {"x.a": "2.0"}


def test_plugins_of_the_host_never_change() -> None:
    shelf = {"x.a": [release("1.0", "kadr.pyav>=0.1"), release("2.0", "kadr.pyav>=9")]}
    host = {"kadr.pyav": "0.1.0"}
    assert chosen(shelf, "x.a", host=host) == {"x.a": "1.0", "kadr.pyav": "0.1.0"}
    with pytest.raises(ConflictError, match=r"x.a 2.0 requires kadr.pyav >=9"):
        chosen(shelf, "x.a >=2", host=host)


def test_conflicts_are_kept_apart_and_explained() -> None:
    shelf = {
        "x.a": [release("1.0"), release("2.0", conflicts=("x.b<2",))],
        "x.b": [release("1.0")],
    }
    assert chosen(shelf, "x.a") == {"x.a": "2.0"}
    assert chosen(shelf, "x.a", "x.b") == {"x.a": "1.0", "x.b": "1.0"}
    with pytest.raises(ConflictError, match=r"x.a 2.0 cannot run beside x.b <2; you ask for x.b"):
        chosen(shelf, "x.a >=2", "x.b")


@pytest.mark.case("G71")
def test_g71_an_unsatisfiable_diamond_names_its_sides() -> None:
    shelf = {
        "x.a": [release("1.0", "x.c<2")],
        "x.b": [release("1.0", "x.c>=2")],
        "x.c": [release("1.0"), release("2.0")],
    }
    with pytest.raises(ConflictError, match=r"x.a 1.0 requires x.c <2; x.b 1.0 requires x.c >=2"):
        chosen(shelf, "x.a", "x.b")


@pytest.mark.case("G71")
def test_g71_a_cycle_ends() -> None:
    shelf = {"x.a": [release("1.0", "x.b")], "x.b": [release("1.0", "x.a>=1")]}
    assert chosen(shelf, "x.a") == {"x.a": "1.0", "x.b": "1.0"}


@pytest.mark.case("G71")
def test_g71_ten_thousand_versions_end() -> None:
    shelf = {
        "x.a": [release(f"1.{n}", f"x.b=={n}") for n in range(10_000)],
        "x.b": [release("5")],
    }
    began = time.monotonic()
    assert chosen(shelf, "x.a")["x.a"] == "1.5"
    assert time.monotonic() - began < 60, "a guard against hanging, nothing else"


@pytest.mark.case("G71")
def test_g71_time_and_rounds_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = {"x.a": [release("1", "x.b")], "x.b": [release("1")]}
    monkeypatch.setattr(resolving, "_ROUNDS", 1)
    with pytest.raises(ConflictError, match="within the limits"):
        chosen(shelf, "x.a")
    monkeypatch.setattr(resolving, "_ROUNDS", 100)
    monkeypatch.setattr(resolving, "_SECONDS", -1.0)
    with pytest.raises(ConflictError, match="within the limits"):
        chosen(shelf, "x.a")


@pytest.mark.case("G72")
def test_g72_native_code_never_comes_as_a_requirement() -> None:
    shelf = {"x.a": [release("1.0", "x.n")], "x.n": [release("1.0", tier="native")]}
    with pytest.raises(ConflictError, match="installed only when asked for by name"):
        chosen(shelf, "x.a")
    assert chosen(shelf, "x.a", "x.n") == {"x.a": "1.0", "x.n": "1.0"}


@pytest.mark.case("G73")
@pytest.mark.parametrize(
    ("odd", "said"),
    [("2.0rc1", "pre-release"), ("2.0.dev1", "pre-release"), ("2.0+mine", "a local version")],
)
def test_g73_odd_versions_are_taken_only_when_asked_for(odd: str, said: str) -> None:
    shelf = {"x.a": [release("1.0"), release(odd)]}
    assert chosen(shelf, "x.a") == {"x.a": "1.0"}
    assert chosen(shelf, f"x.a =={odd}") == {"x.a": odd}
    with pytest.raises(ConflictError, match=said):
        chosen({"x.a": [release(odd)]}, "x.a")


def test_g73_pre_releases_by_option() -> None:
    shelf = {"x.a": [release("1.0"), release("2.0b1")]}
    assert chosen(shelf, "x.a", pre=True) == {"x.a": "2.0b1"}


@pytest.mark.case("G73")
def test_g73_only_yanked_is_no_solution_but_may_stay() -> None:
    shelf = {"x.a": [release("1.0", yanked="too bright")]}
    with pytest.raises(ConflictError, match=r"x.a 1.0 is left out: it was yanked: too bright"):
        chosen(shelf, "x.a")
    assert chosen(shelf, "x.a", here={"x.a": "1.0"}) == {"x.a": "1.0"}


def test_platform_contracts_and_revocation() -> None:
    shelf = {
        "x.a": [
            release("1.0"),
            release("2.0", api=">=9"),
            release("3.0", platforms=("cp311-cp311-win_arm64",)),
            release("4.0"),
        ]
    }

    def revoked(plugin: str, version: str) -> str:
        return "stolen" if version == "4.0" else ""

    rules = {"tags": frozenset(["py3-none-any"]), "revoked": revoked}
    assert chosen(shelf, "x.a", **rules) == {"x.a": "1.0"}
    with pytest.raises(ConflictError) as caught:
        chosen(shelf, "x.a >1", **rules)
    said = str(caught.value)
    assert "4.0 is left out: it was revoked: stolen" in said
    assert "3.0 is left out: it runs on cp311-cp311-win_arm64, not on this machine" in said
    assert "2.0 is left out: it wants the contracts in version >=9" in said


def test_two_hundred_plugins_in_a_chain() -> None:
    shelf = {
        f"x.p{n}": [release(f"{v}.0", *([f"x.p{n + 1}>={v}"] if n < 199 else [])) for v in range(1, 4)]
        for n in range(200)
    }
    assert set(chosen(shelf, "x.p0").values()) == {"3.0"}
