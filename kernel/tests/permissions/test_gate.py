from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from kadr_kernel.permissions import Grants, PermissionGate, Policy, Rule, Status, Subject, Term
from kadr_sdk.errors import PermissionDeniedError, SerializationError
from kadr_sdk.events import Event, WarningRaised
from kadr_sdk.permissions import Permission, PermissionSet
from kadr_sdk.services import Gate

ASKED = PermissionSet.of(["read:/media", "net:*.example.org", "gpu"])
GLOW = Subject("org.example.glow", "dist:kadr-glow", "1.0", ASKED, title="Glow")
CLIP = Permission.parse("read:/media/a b.mp4")
GPU = Permission("gpu")
TRUST = Rule("trust", "dist:kadr-glow", "org.example.glow")


@pytest.fixture
def grants(tmp_path: Path) -> Grants:
    return Grants(tmp_path)


def gate_of(
    grants: Grants, *rules: Rule, subject: Subject | None = GLOW, default: str = "allow"
) -> PermissionGate:
    gate = PermissionGate(grants, Policy(rules, default))
    if subject is not None:
        gate.admit(subject)
    return gate


def refusal(gate: Gate, permission: Permission, plugin: str = GLOW.plugin) -> PermissionDeniedError:
    assert not gate.allowed(plugin, permission)
    with pytest.raises(PermissionDeniedError) as caught:
        gate.require(plugin, permission)
    return caught.value


@pytest.mark.parametrize("manifest", [False, True])
@pytest.mark.parametrize("grant", [False, True])
@pytest.mark.parametrize("policy", [False, True])
def test_all_three_keys_are_needed(grants: Grants, manifest: bool, grant: bool, policy: bool) -> None:
    asking = replace(GLOW, asked=PermissionSet.of(["gpu"]))
    if grant:
        grants.grant(asking, [GPU], Term.VERSION)
    subject = asking if manifest else replace(GLOW, asked=PermissionSet())
    gate = gate_of(grants, default="allow" if policy else "deny", subject=subject)
    if manifest and grant and policy:
        gate.require(GLOW.plugin, GPU)
        assert gate.allowed(GLOW.plugin, GPU)
        return
    first_missing = "manifest" if not manifest else "policy" if not policy else "grant"
    assert refusal(gate, GPU).data["key"] == first_missing


class TestTexts:
    def test_the_manifest_did_not_ask(self, grants: Grants) -> None:
        error = refusal(gate_of(grants), Permission.parse("write:/media/a"))
        assert str(error) == (
            "the manifest of plugin 'org.example.glow' does not ask to create and change files: /media/a "
            "(its author must ask for it; what it asks for: kadr plugin info org.example.glow)"
        )
        assert error.data == {"key": "manifest", "plugin": GLOW.plugin, "permission": "write:/media/a"}

    def test_the_policy_forbids(self, grants: Grants) -> None:
        rule = Rule("deny", plugin="org.*", permission="gpu", reason="the cards are reserved")
        error = refusal(gate_of(grants, rule, TRUST), GPU)
        assert str(error) == (
            "the policy forbids plugin 'org.example.glow' to use the graphics processor "
            "(rule 'deny gpu for org.*': the cards are reserved)"
        )

    def test_the_policy_denies_by_default(self, grants: Grants) -> None:
        gate = PermissionGate(grants, Policy((), "deny", "/etc/kadr/policy.toml"))
        gate.admit(GLOW)
        assert "(the policy in /etc/kadr/policy.toml denies what no rule allows)" in str(refusal(gate, GPU))

    def test_the_user_has_not_allowed_it(self, grants: Grants) -> None:
        error = refusal(gate_of(grants), Permission.parse("read:/media/a.mp4"))
        assert str(error) == (
            "you have not allowed plugin 'org.example.glow' to read files: /media/a.mp4 "
            "(kadr plugin enable org.example.glow --grant read:/media/a.mp4)"
        )
        assert error.data["key"] == "grant"

    def test_an_update_asks_for_more(self, grants: Grants) -> None:
        grants.grant(GLOW, [GPU], Term.PUBLISHER)
        more = replace(GLOW, version="2.0", asked=PermissionSet.of([*ASKED, "native", "clock"]))
        error = refusal(gate_of(grants, subject=more), GPU)
        assert str(error) == (
            "plugin 'org.example.glow' 2.0 asks for more than you allowed (read the time of day; run native "
            "code with the rights of your account) and waits for your yes "
            "(kadr plugin enable org.example.glow --grant clock --grant native)"
        )

    def test_the_three_differ(self, grants: Grants) -> None:
        texts = {
            refusal(gate_of(grants, subject=replace(GLOW, asked=PermissionSet())), GPU).message,
            refusal(gate_of(grants, default="deny"), GPU).message,
            refusal(gate_of(grants), GPU).message,
        }
        assert len(texts) == 3

    def test_hostile_words_are_escaped(self, grants: Grants) -> None:
        bad = Permission("read", "/media/\u202e\x9b31mevil")
        subject = replace(GLOW, asked=PermissionSet.of(["read:/media"]), version="1\x1b[2J")
        grants.grant(replace(subject, asked=PermissionSet.of(["gpu"])), [GPU], Term.VERSION)
        for gate in (
            gate_of(grants, subject=subject),
            gate_of(grants, subject=replace(GLOW, asked=PermissionSet())),
        ):
            assert str(refusal(gate, bad)).isprintable()
        assert str(refusal(gate_of(grants), GPU, plugin="x\x1b[2J")).isprintable()


def test_an_unknown_plugin_may_nothing(grants: Grants) -> None:
    grants.grant(GLOW, [GPU], Term.PUBLISHER)
    gate = gate_of(grants, TRUST, subject=None)
    assert str(refusal(gate, GPU)) == (
        "plugin 'org.example.glow' is not known, so it may do nothing (kadr plugin list)"
    )
    gate.admit(GLOW)
    gate.require(GLOW.plugin, GPU)
    gate.forget(GLOW.plugin)
    assert refusal(gate, GPU).data["key"] == "manifest"


def test_trust_stands_in_for_the_grant_alone(grants: Grants) -> None:
    gate = gate_of(grants, TRUST)
    gate.require(GLOW.plugin, CLIP)
    assert refusal(gate, Permission("native")).data["key"] == "manifest"
    denied = gate_of(grants, TRUST, Rule("deny", permission="gpu"))
    assert refusal(denied, GPU).data["key"] == "policy"
    gate.admit(replace(GLOW, publisher="dist:evil"))
    assert refusal(gate, CLIP).data["key"] == "grant"


def test_a_denial_beats_a_grant_and_touches_the_whole(grants: Grants) -> None:
    subject = replace(GLOW, asked=PermissionSet.of(["read:*"]))
    grants.grant(subject, [Permission("read")], Term.VERSION)
    gate = gate_of(grants, Rule("deny", permission="read:/etc"), subject=subject)
    gate.require(GLOW.plugin, CLIP)
    assert refusal(gate, Permission("read", "/etc/passwd")).data["key"] == "policy"
    assert refusal(gate, Permission("read", "/media/../etc/passwd")).data["key"] == "policy"
    assert refusal(gate, Permission("read")).data["key"] == "policy"


def test_revoking_closes_the_gate_at_once(grants: Grants) -> None:
    gate = gate_of(grants)
    grants.grant(GLOW, [GPU], Term.VERSION)
    gate.require(GLOW.plugin, GPU)
    Grants(grants.path.parent).revoke(GLOW.plugin)
    assert refusal(gate, GPU).data["key"] == "grant"


def test_damaged_grants_refuse_and_say_why(grants: Grants) -> None:
    grants.path.write_text("{")
    gate = gate_of(grants)
    error = refusal(gate, GPU)
    assert error.path == str(grants.path)
    assert error.message.startswith(
        "nothing counts as allowed for plugin 'org.example.glow' to use the graphics processor, because "
        "the grants are damaged"
    )
    assert "move it away" in error.hint
    assert isinstance(error.__cause__, SerializationError)
    assert len(gate.granted(GLOW.plugin)) == 0
    with pytest.raises(SerializationError):
        gate.decide(GLOW.plugin, interactive=True)


def test_damaged_grants_do_not_stop_what_the_policy_trusts(grants: Grants) -> None:
    grants.path.write_text("{")
    gate = gate_of(grants, TRUST)
    gate.require(GLOW.plugin, GPU)
    assert gate.granted(GLOW.plugin) == ASKED
    assert gate.decide(GLOW.plugin, interactive=False).status is Status.GRANTED


def test_granted_lists_what_may_be_done_without_exception(grants: Grants) -> None:
    gate = gate_of(grants, Rule("deny", permission="read:/media/secret"))
    assert gate.granted("org.unknown") == PermissionSet()
    assert gate.granted(GLOW.plugin) == PermissionSet()
    grants.grant(GLOW, [GPU, Permission("read", "/media/open"), Permission("read", "/media")], Term.VERSION)
    assert gate.granted(GLOW.plugin) == PermissionSet.of(["gpu", "read:/media/open"])


class TestCounting:
    def test_by_plugin_and_key(self, grants: Grants) -> None:
        gate = gate_of(grants, Rule("deny", permission="net:*"))
        for permission in (GPU, GPU, Permission("native"), Permission("net", "a.example.org")):
            with pytest.raises(PermissionDeniedError):
                gate.require(GLOW.plugin, permission)
        for name in ("org.unknown", "x"):
            with pytest.raises(PermissionDeniedError):
                gate.require(name, GPU)
        gate.allowed(GLOW.plugin, GPU)
        assert gate.refusals() == {
            GLOW.plugin: {"manifest": 1, "policy": 1, "grant": 2},
            "": {"manifest": 2, "policy": 0, "grant": 0},
        }

    def test_exact_with_threads(self, grants: Grants) -> None:
        gate = gate_of(grants)

        def work() -> None:
            for _ in range(100):
                with pytest.raises(PermissionDeniedError):
                    gate.require(GLOW.plugin, Permission("native"))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert gate.refusals()[GLOW.plugin]["manifest"] == 400

    def test_says_nothing_unless_told_where(self, grants: Grants) -> None:
        said: list[Event] = []
        gate = PermissionGate(grants, Policy((TRUST,)), publish=said.append)
        gate.admit(GLOW)
        gate.require(GLOW.plugin, GPU)
        gate.allowed(GLOW.plugin, Permission("native"))
        assert said == []
        error = refusal(gate, Permission("native"))
        assert said == [WarningRaised(error.message, error.path, error.hint)]


class TestDecide:
    def test_trusted_grant_ask_refuse(self, grants: Grants) -> None:
        assert gate_of(grants, TRUST).decide(GLOW.plugin, interactive=False).status is Status.GRANTED
        gate = gate_of(grants)
        assert gate.decide(GLOW.plugin, interactive=False).status is Status.REFUSED
        decision = gate.decide(GLOW.plugin, interactive=True)
        assert decision.question is not None
        grants.grant(GLOW, decision.question.wanted, Term.VERSION)
        assert gate.decide(GLOW.plugin, interactive=False).status is Status.GRANTED
        gate.admit(replace(GLOW, version="2.0"))
        assert gate.decide(GLOW.plugin, interactive=False).status is Status.REFUSED

    def test_unknown(self, grants: Grants) -> None:
        with pytest.raises(PermissionDeniedError, match="is not known"):
            gate_of(grants).decide("org.unknown", interactive=True)


def test_whether_there_is_anything_of_a_permission(grants: Grants) -> None:
    """For guests: before one is compiled it is not known which address or file it will ask for."""
    asks = replace(GLOW, asked=PermissionSet.of(["net:*", "read:/media"]))
    gate = gate_of(grants, subject=asks)
    assert [str(gate.refusal(GLOW.plugin, n).data["key"]) for n in ("net", "read", "gpu")] == [  # type: ignore[union-attr]  # each is one
        "grant", "grant", "manifest",
    ]  # fmt: skip
    grants.grant(asks, [Permission.parse("net:a.example.org")], Term.VERSION)
    assert gate.refusal(GLOW.plugin, "net") is None, "a part is something"
    assert gate.refusal(GLOW.plugin, "read") is not None
    assert gate.refusal("org.unknown", "net") is not None
    grants.grant(asks, [Permission.parse("net:*")], Term.VERSION)
    partly = gate_of(grants, Rule("deny", permission="net:evil.example.org"), subject=asks)
    assert partly.refusal(GLOW.plugin, "net") is None, "the rest may be had"
    wholly = gate_of(grants, Rule("deny", permission="net:*"), subject=asks)
    assert wholly.refusal(GLOW.plugin, "net") is not None
