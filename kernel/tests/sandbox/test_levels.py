"""Levels, and what raises and lowers them: trust, the user, the policy, the manifest."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from kadr_kernel.permissions import Policy, Rule, Subject
from kadr_kernel.permissions.confinement import LEVELS, Confinement, SandboxRule, confine
from kadr_kernel.sandbox.house import House
from kadr_kernel.sandbox.limits import ASKED, LEVEL_LIMITS, Limits, limits_for
from kadr_kernel.sandbox.runtime import CoreRuntime
from kadr_sdk.errors import PluginError
from kadr_sdk.manifest import LIMITS


def test_the_least_trusted_level_grants_least() -> None:
    assert list(LEVEL_LIMITS) == list(LEVELS)
    rows = [LEVEL_LIMITS[level] for level in LEVELS]
    for less, more in itertools.pairwise(rows):
        assert all(less[key] < more[key] for key in less)
    assert rows[0]["storage_bytes"] == rows[0]["connections"] == rows[0]["transfer_bytes"] == 0
    standard = Limits()
    assert {key: getattr(standard, key) for key in rows[1]} == rows[1]


KNOWN = Subject("org.one", "dist:one", "1.0", runtime="wasm")
UNKNOWN = Subject("org.one", "folder:/p", "1.0", runtime="wasm")
SIGNED = Subject("org.one", "key:abc", "1.0", runtime="wasm")
TRUST = (Rule("trust", plugin="org.one"),)


def held(
    subject: Subject | None, *files: tuple[SandboxRule, ...], rules: Any = (), **settings: str
) -> Confinement:
    values = {f"sandbox.{name}": value for name, value in settings.items()}
    policy = Policy(rules, sandbox=files)
    return confine(subject, policy, "d1", lambda key: values.get(key, "auto"), {"d9"})


def test_by_trust() -> None:
    assert held(UNKNOWN) == held(None) == Confinement("minimal", "standard", "process", "guarded")
    assert held(KNOWN) == held(SIGNED) == Confinement("standard", "extended", "in_process", "guarded")
    assert held(KNOWN, rules=TRUST) == Confinement("standard", "full", "in_process", "guarded")
    assert held(UNKNOWN, rules=TRUST) == held(KNOWN, rules=TRUST)


def test_what_the_user_says() -> None:
    assert held(UNKNOWN, level="full") == Confinement("full", "full", "process")
    assert held(KNOWN, level="minimal") == Confinement("minimal", "extended")
    assert held(UNKNOWN, isolation="in_process").isolation == "in_process"
    assert held(KNOWN, isolation="process").isolation == "process"


def test_the_policy_beats_the_user_and_the_strictest_file_counts() -> None:
    machine = (SandboxRule(plugin="org.*", ceiling="minimal", isolation="process"),)
    user = (SandboxRule(plugin="org.one", level="full", ceiling="full", isolation="in_process"),)
    assert held(KNOWN, machine, level="full", isolation="in_process") == Confinement(
        "minimal", "minimal", "process"
    )
    assert held(KNOWN, user) == Confinement("full", "full")
    assert (
        held(KNOWN, machine, user)
        == held(KNOWN, user, machine)
        == Confinement("minimal", "minimal", "process")
    )


def test_in_one_file_the_first_rule_that_matches_speaks() -> None:
    rules = (SandboxRule(plugin="org.one", level="extended"), SandboxRule(level="minimal"))
    assert held(KNOWN, rules).level == "extended"
    assert held(Subject("org.two", "dist:two", "1"), rules).level == "minimal"


@pytest.mark.parametrize(
    ("rules", "engine"),
    [
        ((), "guarded"),
        ((SandboxRule(publisher="key:abc", engine="trusted"),), "trusted"),
        ((SandboxRule(publisher="key:abd", engine="trusted"),), "guarded"),
        ((SandboxRule(digest="D1", engine="trusted"),), "trusted"),
        ((SandboxRule(digest="d2", engine="trusted"),), "guarded"),
        ((SandboxRule(plugin="org.*", engine="trusted"),), "trusted"),
    ],
)
def test_the_engine_without_a_deadline_is_for_whom_the_policy_names(rules: Any, engine: str) -> None:
    assert held(SIGNED, rules).engine == engine
    assert held(SIGNED, rules, (SandboxRule(engine="guarded"),)).engine == "guarded"


def test_being_built_in_is_no_trust() -> None:
    pinned = Subject("kadr.wasm_effects", "dist:kadr-wasm-effects", "0.1.0")
    assert held(pinned, rules=(Rule("trust", plugin="kadr.*"),)).engine == "guarded"


def test_the_users_digests() -> None:
    mine = lambda digest: confine(KNOWN, Policy(), digest, lambda _key: "auto", {"d9"}).engine  # noqa: E731 - brief
    assert (mine("d9"), mine("D9"), mine("d1")) == ("trusted", "trusted", "guarded")


@pytest.mark.parametrize("field", ["level", "ceiling", "isolation", "engine"])
def test_words_that_there_are_not(field: str) -> None:
    with pytest.raises(ValueError, match=f"unknown {field} 'much'; write"):
        SandboxRule(**{field: "much"})


# -- what a manifest asks for --------------------------------------------------------------------


def test_a_manifest_asks_up_to_the_ceiling() -> None:
    asked = {"seconds": 25, "memory_mb": 300, "connections": 2, "storage_kb": 2, "start_seconds": 0.5}
    found = limits_for(Limits(idle=3), "standard", "extended", asked)
    assert (found.call_seconds, found.working_bytes, found.connections) == (25.0, 300 << 20, 2)
    assert (found.storage_bytes, found.start_seconds, found.host_calls, found.idle) == (2048, 0.5, 1000, 3)
    assert set(ASKED) == set(LIMITS)
    assert {name for name, _ in ASKED.values()} == set(LEVEL_LIMITS["full"])


def test_more_than_the_ceiling_is_refused_before_anything_runs(compiled: Any, kit: Any) -> None:
    house = House(
        confinement=lambda _plugin, _digest: Confinement("minimal", "standard"),
        asked=lambda _plugin: {"seconds": 60.0},
    )
    runtime = CoreRuntime(compiled, house=house)
    with pytest.raises(
        PluginError, match=r"asks for seconds = 60, and may have 10 \(level standard\)"
    ) as caught:
        runtime.load(kit.binary(kit.COPY), kit.declared(), "org.greedy")
    assert "[[sandbox]]" in caught.value.hint
    runtime.close()
