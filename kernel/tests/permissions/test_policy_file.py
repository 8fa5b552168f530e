from __future__ import annotations

from pathlib import Path

import pytest
from kadr_kernel.permissions import Policy, Rule, read_policy
from kadr_kernel.permissions.confinement import SandboxRule
from kadr_sdk.errors import ConfigError


def _read(text: str, folder: Path) -> Policy:
    path = folder / "policy.toml"
    path.write_text(text, "utf-8")
    return read_policy(path)


def test_reads_rules_and_default(tmp_path: Path) -> None:
    policy = _read(
        """
        policy = 1
        default = "deny"
        [[rules]]
        effect = "allow"
        publisher = "dist:acme-*"
        [[rules]]
        effect = "deny"
        permission = "net:*"
        plugin = "org.*"
        reason = "rendering machines are offline"
        """,
        tmp_path,
    )
    assert policy.rules == (
        Rule("allow", publisher="dist:acme-*"),
        Rule("deny", plugin="org.*", permission="net:*", reason="rendering machines are offline"),
    )
    assert policy.default == "deny"
    assert policy.origin == str(tmp_path / "policy.toml")


def test_an_empty_policy_is_a_version_and_nothing_else(tmp_path: Path) -> None:
    assert _read("policy = 1", tmp_path).rules == ()


def test_all_problems_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _read(
            """
            policy = 2
            defualt = "deny"
            [[rules]]
            efect = "deny"
            [[rules]]
            effect = "forbid"
            [[rules]]
            effect = "deny"
            permission = ["net:*"]
            [[rules]]
            effect = "deny"
            permission = "nett:*"
            """,
            tmp_path,
        )
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / 'policy.toml'}: the permission policy breaks rules (")
    for part in (
        "defualt: unknown key, did you mean 'default'?",
        "policy: version 2 is unknown, write 1",
        "rules[0].efect: unknown key, did you mean 'effect'?",
        "rules[0].effect: is missing",
        "rules[1]: unknown effect 'forbid'; write deny, trust, allow",
        "rules[2].permission: a text is expected",
        "rules[3]: unknown permission 'nett'; did you mean 'net'?",
    ):
        assert part in text


@pytest.mark.parametrize(
    "text",
    ["", "policy = 1\nrules = 3", "policy = 1\nrules = [3]", "policy = 1\ndefault = 'ask'", "policy = "],
)
def test_a_broken_policy_is_never_an_open_door(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the permission policy"):
        _read(text, tmp_path)


def test_neither_is_a_missing_or_binary_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_policy(tmp_path / "absent.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_policy(tmp_path / "binary.toml")


def test_reads_how_guests_are_held(tmp_path: Path) -> None:
    policy = _read(
        """
        policy = 1
        [[sandbox]]
        publisher = "key:ab*"
        level = "extended"
        engine = "trusted"
        [[sandbox]]
        digest = "00ff"
        ceiling = "minimal"
        isolation = "process"
        reason = "seen to crash"
        """,
        tmp_path,
    )
    first = SandboxRule("key:ab*", level="extended", engine="trusted")
    second = SandboxRule(digest="00ff", ceiling="minimal", isolation="process", reason="seen to crash")
    assert policy.sandbox == ((first, second),)
    both = Policy(sandbox=((first,),)).merged(policy)
    assert both.sandbox == ((first,), (first, second)), "each file speaks for itself"


def test_all_problems_of_guests_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _read(
            """
            policy = 1
            [[sandbox]]
            level = "most"
            [[sandbox]]
            levle = "full"
            [[sandbox]]
            engine = 5
            """,
            tmp_path,
        )
    assert caught.value.hint == (
        "sandbox[0]: unknown level 'most'; write minimal, standard, extended, full; "
        "sandbox[1].levle: unknown key, did you mean 'level'?; "
        "sandbox[2].engine: a text is expected"
    )
