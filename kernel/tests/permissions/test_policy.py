from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_kernel.permissions import Policy, Rule, Subject
from kadr_sdk.permissions import Permission, PermissionSet

GLOW = Subject("org.example.glow", "dist:kadr-glow", "1.0", PermissionSet.of(["read:*"]))
READ = Permission.parse("read:/media/a.mp4")


def effect(policy: Policy, wanted: str, subject: Subject = GLOW) -> str:
    return policy.verdict(subject, Permission.parse(wanted)).effect


def test_without_rules_the_user_decides() -> None:
    assert effect(Policy(), "read:/media") == "allow"
    assert effect(Policy(default="deny"), "read:/media") == "deny"


@pytest.mark.parametrize("order", [1, -1])
def test_deny_beats_trust_beats_allow_in_any_order(order: int) -> None:
    allow, trust, deny = (
        Rule("allow"),
        Rule("trust", permission="read:*"),
        Rule("deny", permission="read:/etc"),
    )
    policy = Policy((allow, trust, deny)[::order], default="deny")
    assert effect(policy, "read:/etc/passwd") == "deny"
    assert effect(policy, "read:/media") == "trust"
    assert effect(policy, "write:/media") == "allow"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("read:/etc", "deny"),
        ("read:/etc/x", "deny"),
        ("read:/", "deny"),
        ("read:*", "deny"),
        ("read:/media", "trust"),
        ("read:/etcetera", "trust"),
        ("write:/etc", "trust"),
    ],
)
def test_a_request_is_denied_as_soon_as_it_touches_what_is_denied(wanted: str, expected: str) -> None:
    policy = Policy((Rule("deny", permission="read:/etc"), Rule("trust")))
    assert effect(policy, wanted) == expected


def test_what_is_denied_in_part_is_not_forbidden() -> None:
    policy = Policy((Rule("deny", permission="read:/etc"),))
    assert not policy.forbids(GLOW, Permission("read"))
    assert policy.forbids(GLOW, Permission("read", "/etc/x"))
    assert not policy.forbids(GLOW, READ)
    assert Policy(default="deny").forbids(GLOW, READ)


def test_allowing_a_part_does_not_allow_the_whole() -> None:
    policy = Policy((Rule("allow", permission="read:/media"),), default="deny")
    assert effect(policy, "read:/media/a") == "allow"
    assert effect(policy, "read:*") == "deny"
    assert effect(policy, "read:/") == "deny"


@pytest.mark.parametrize(
    ("publisher", "plugin", "concerned"),
    [
        ("*", "*", True),
        ("dist:kadr-glow", "*", True),
        ("dist:kadr-*", "org.example.*", True),
        ("*", "org.example.glow", True),
        ("*", "org.example", False),
        ("*", "example.glow", False),
        ("dist:kadr", "*", False),
        ("key:*", "*", False),
        ("*", "ORG.example.glow", False),
    ],
)
def test_patterns_of_publisher_and_plugin(publisher: str, plugin: str, concerned: bool) -> None:
    assert Rule("deny", publisher, plugin).concerns(GLOW) is concerned
    assert (effect(Policy((Rule("deny", publisher, plugin),)), "gpu") == "deny") is concerned


def test_exclusion_is_of_the_whole_plugin() -> None:
    assert Policy().exclusion(GLOW) is None
    assert Policy((Rule("deny", permission="net:*"),)).exclusion(GLOW) is None
    deny = Rule("deny", plugin="org.*")
    found = Policy((Rule("trust"), deny)).exclusion(GLOW)
    assert found is not None
    assert found.rule is deny
    assert Policy((Rule("allow", publisher="dist:acme"),), default="deny").exclusion(GLOW) is not None
    assert Policy((Rule("allow", publisher="dist:kadr-*"),), default="deny").exclusion(GLOW) is None


def test_trust_is_of_the_whole_plugin_and_gives_way_to_deny() -> None:
    trust = Rule("trust", "dist:kadr-glow", "org.example.glow")
    assert Policy((trust,)).trusts(GLOW)
    assert Policy((trust,), default="deny").trusts(GLOW)
    assert not Policy((trust,)).trusts(replace(GLOW, publisher="dist:evil"))
    assert not Policy((trust,)).trusts(replace(GLOW, plugin="org.example.glow2"))
    assert not Policy((trust, Rule("deny", plugin="org.*"))).trusts(GLOW)
    assert not Policy((replace(trust, permission="read:*"),)).trusts(GLOW)


def test_merging_keeps_every_rule_and_the_stricter_default() -> None:
    one = Policy((Rule("trust"),), origin="a.toml")
    other = Policy((Rule("deny", permission="gpu"),), default="deny")
    both = one.merged(other)
    assert both.rules == (*one.rules, *other.rules)
    assert (both.default, both.origin) == ("deny", "a.toml")
    assert other.merged(one).default == "deny"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"effect": "Deny"}, "unknown effect 'Deny'; write deny, trust, allow"),
        ({"effect": "deny", "permission": "reed:*"}, "unknown permission 'reed'"),
    ],
)
def test_refuses_a_rule_that_could_not_match(values: dict[str, str], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Rule(**values)


def test_refuses_an_unknown_default() -> None:
    with pytest.raises(ValueError, match="unknown default 'ask'"):
        Policy(default="ask")


texts = st.sampled_from(["*", "read:*", "read:/a", "read:/a/b", "net:*.x.org", "net:x.org", "gpu"])
rules = st.builds(Rule, st.sampled_from(["deny", "trust", "allow"]), permission=texts)
wishes = texts.filter(lambda t: t != "*").map(Permission.parse)


@given(st.lists(rules, max_size=6), wishes, st.sampled_from(["allow", "deny"]))
def test_order_never_matters_and_a_denial_can_only_take_away(
    some: list[Rule], wanted: Permission, default: str
) -> None:
    policy = Policy(tuple(some), default)
    before = policy.verdict(GLOW, wanted).effect
    assert Policy(tuple(reversed(some)), default).verdict(GLOW, wanted).effect == before
    stricter = Policy((*some, Rule("deny", permission="read:/a")), default)
    after = stricter.verdict(GLOW, wanted).effect
    assert after in (before, "deny")
    for denied in (rule for rule in some if rule.effect == "deny"):
        if denied.covers(wanted):
            assert before == "deny"
