from __future__ import annotations

import random

import pytest
from kadr_kernel.plugins.resolve import resolve
from kadr_sdk.manifest import Contribution, Manifest


def plugin(name: str, *requires: str, version: str = "1.0", **more: object) -> Manifest:
    # Any of its fields.
    return Manifest(id=name, version=version, requires=requires, **more)  # type: ignore[arg-type]


def effect(owner: str, name: str, kind: str = "effect", **more: object) -> Contribution:
    return Contribution(kind, name, owner, "m:x", **more)  # type: ignore[arg-type]  # any of its fields


def texts(resolution: object, name: str) -> list[str]:
    return [str(p) for p in resolution.problems[name]]  # type: ignore[attr-defined]  # a Resolution


def test_order_is_topological_with_ties_by_id() -> None:
    rows = [plugin("x.c"), plugin("x.a", "x.d"), plugin("x.b"), plugin("x.d", "x.e"), plugin("x.e")]
    expected = ("x.b", "x.c", "x.e", "x.d", "x.a")
    for seed in range(20):
        random.Random(seed).shuffle(rows)
        found = resolve(rows)
        assert found.order == expected
        assert found.problems == {}


def test_needed_by_is_in_order_of_start() -> None:
    found = resolve(
        [plugin("x.a", "x.b", "x.c"), plugin("x.b", "x.d"), plugin("x.c"), plugin("x.d"), plugin("x.z")]
    )
    assert found.needed_by("x.a") == ("x.c", "x.d", "x.b", "x.a")
    assert found.needed_by("x.z") == ("x.z",)


def test_missing_requirement_takes_down_only_those_who_require_it() -> None:
    found = resolve([plugin("x.a", "x.gone"), plugin("x.b", "x.a"), plugin("x.c", "x.b"), plugin("x.d")])
    assert found.order == ("x.d",)
    assert "it requires 'x.gone', which is not installed" in texts(found, "x.a")[0]
    assert "it requires 'x.a', which cannot run" in texts(found, "x.b")[0]
    assert "it requires 'x.b', which cannot run" in texts(found, "x.c")[0]


def test_a_near_miss_is_suggested() -> None:
    found = resolve([plugin("x.a", "kadr.pyva"), plugin("kadr.pyav")])
    assert "did you mean 'kadr.pyav'?" in texts(found, "x.a")[0]


def test_absent_requirements_have_their_own_remedy() -> None:
    found = resolve([plugin("x.a", "x.b")], absent={"x.b": "it is disabled; kadr plugin enable x.b"})
    assert texts(found, "x.a") == [
        "plugin.requires: it requires 'x.b', which cannot run (it is disabled; kadr plugin enable x.b)"
    ]


def test_requirement_out_of_range() -> None:
    found = resolve([plugin("x.a", "x.b>=2"), plugin("x.b", version="1.4")])
    assert found.order == ("x.b",)
    assert "it requires 'x.b' in version >=2, version 1.4 is installed" in texts(found, "x.a")[0]


def test_api_out_of_range() -> None:
    found = resolve([plugin("x.a", api=">=2"), plugin("x.b", api=">=1,<2")], api="1.3")
    assert found.order == ("x.b",)
    assert "it wants the contracts in version >=2, this is 1.3" in texts(found, "x.a")[0]


def test_conflict_takes_down_only_who_declares_it() -> None:
    found = resolve(
        [plugin("x.a", conflicts=("x.b<2",)), plugin("x.b"), plugin("x.c", conflicts=("x.b>=2",))]
    )
    assert found.order == ("x.b", "x.c")
    assert "it cannot run beside 'x.b' 1.0" in texts(found, "x.a")[0]
    assert "kadr plugin disable x.b" in texts(found, "x.a")[0]


def test_cycles_are_shown_as_a_way() -> None:
    rows = [
        plugin("x.a", "x.b"),
        plugin("x.b", "x.c"),
        plugin("x.c", "x.a"),
        plugin("x.d", "x.a"),
        plugin("x.e", "x.e"),
    ]
    found = resolve([*rows, plugin("x.f")])
    assert found.order == ("x.f",)
    assert "requirements form a cycle: x.a -> x.b -> x.c -> x.a" in texts(found, "x.a")[0]
    assert "x.c -> x.a -> x.b -> x.c" in texts(found, "x.c")[0]
    assert "x.e -> x.e" in texts(found, "x.e")[0]
    assert texts(found, "x.d") == ["plugin.requires: it requires 'x.a', which cannot run"]
    assert len(found.problems["x.b"]) == 1


def test_long_chains_need_no_stack() -> None:
    count = 3000
    rows = [plugin(f"x.p{n}", *([f"x.p{n + 1}"] if n + 1 < count else [])) for n in range(count)]
    assert resolve(rows).order == tuple(f"x.p{n}" for n in reversed(range(count)))


def test_namesakes_are_both_out() -> None:
    found = resolve([plugin("x.a", location="one"), plugin("x.a", location="two"), plugin("x.b", "x.a")])
    assert found.order == ()
    assert "2 plugins have the id 'x.a': one, two" in texts(found, "x.a")[0]


def test_two_contributors_of_one_id_are_both_out() -> None:
    rows = [
        plugin("x.a", contributions=(effect("x.a", "blur"), effect("x.a", "glow"))),
        plugin("x.b", contributions=(effect("x.b", "blur"),)),
        plugin("x.c", contributions=(effect("x.c", "blur", "transition"),)),
    ]
    found = resolve(rows)
    assert found.order == ("x.c",)
    assert "'blur' also comes from 'x.b'" in texts(found, "x.a")[0]
    assert "'blur' also comes from 'x.a'" in texts(found, "x.b")[0]
    assert len(found.problems["x.a"]) == 1


@pytest.mark.parametrize(("names", "clash"), [((), True), (("disk",), False)])
def test_one_service_for_each_protocol_and_name(names: tuple[str, ...], clash: bool) -> None:
    rows = [
        plugin("x.a", contributions=(effect("x.a", "a", "service", provides="m:Cache"),)),
        plugin("x.b", contributions=(effect("x.b", "b", "service", provides="m:Cache", names=names),)),
    ]
    found = resolve(rows)
    assert (found.order == ()) is clash
    if clash:
        assert "m:Cache also comes from 'x.b'" in texts(found, "x.a")[0]


def test_all_problems_at_once() -> None:
    bad = plugin(
        "x.a", "x.gone", "x.b>=9", api=">=7", conflicts=("x.b",), contributions=(effect("x.a", "e"),)
    )
    found = resolve([bad, plugin("x.b", contributions=(effect("x.b", "e"),))])
    rules = [problem.path for problem in found.problems["x.a"]]
    expected = ["api", "requires", "requires", "conflicts", "requires"]  # the last: x.b falls too
    assert sorted(rules) == sorted([*(f"plugin.{rule}" for rule in expected), "contributes.effect"])


def test_random_graphs_keep_the_rules() -> None:
    for seed in range(60):
        chance = random.Random(seed)
        names = [f"x.p{n}" for n in range(12)]
        rows = [plugin(n, *chance.sample([*names, "x.gone"], chance.randrange(3))) for n in names]
        found = resolve(rows)
        assert set(found.order) | set(found.problems) == set(names)
        assert not set(found.order) & set(found.problems)
        for position, name in enumerate(found.order):
            assert set(found.requires[name]) <= set(found.order[:position])
        for name, problems in found.problems.items():
            assert problems, f"{name} is out without a reason (seed {seed})"
