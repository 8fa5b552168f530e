from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from kadr_kernel.permissions import Policy, Rule, Status, Subject, Term, folder_publisher, read_answer
from kadr_kernel.permissions.prompt import Decision, Question, Standing, decide
from kadr_kernel.permissions.remedy import enable_command
from kadr_sdk.permissions import Permission, PermissionSet

ASKED = PermissionSet.of(["read:/media", "gpu"])
GLOW = Subject("org.example.glow", "dist:kadr-glow", "1.2.0", ASKED, runtime="wasm", title="Soft glow")
NEW = Standing()


def question(subject: Subject = GLOW, standing: Standing = NEW, policy: Policy | None = None) -> Question:
    decision = decide(subject, policy or Policy(), standing, interactive=True)
    assert decision.status is Status.ASK
    assert decision.question is not None
    return decision.question


def test_asks_in_the_users_words() -> None:
    asked = question()
    assert asked.text == (
        "org.example.glow 1.2.0 “Soft glow” from dist:kadr-glow wants to:\n"
        "  - use the graphics processor\n"
        "  - read files: /media\n"
        "It runs in a sandbox: kadr holds it to this."
    )
    assert asked.wanted == ASKED
    assert asked.choices == "[no] / once / version / publisher"


def test_no_terminal_means_no_and_names_the_command() -> None:
    assert decide(GLOW, Policy(), NEW, interactive=False) == Decision(
        Status.REFUSED,
        reason="plugin 'org.example.glow' needs your permission, and there is no terminal to ask for it",
        remedy="kadr plugin enable org.example.glow --grant gpu --grant read:/media",
    )


@pytest.mark.parametrize(
    ("runtime", "words"),
    [
        ("wasm", "sandbox: kadr holds it to this"),
        ("extism", "sandbox: kadr holds it to this"),
        ("python", "with all the rights of your account: the list is its author's word, which kadr cannot"),
    ],
)
def test_says_what_the_plugin_can_really_do(runtime: str, words: str) -> None:
    assert words in question(replace(GLOW, runtime=runtime)).text


class TestWhoIsAsked:
    def test_nobody_for_a_confined_plugin_that_wants_nothing(self) -> None:
        harmless = replace(GLOW, asked=PermissionSet())
        assert decide(harmless, Policy(), NEW, interactive=False).status is Status.GRANTED

    def test_the_user_for_a_python_plugin_that_wants_nothing(self) -> None:
        harmless = replace(GLOW, asked=PermissionSet(), runtime="python")
        assert "wants to run.\nIt is Python code" in question(harmless).text
        assert (
            decide(harmless, Policy(), Standing(consented=True), interactive=False).status is Status.GRANTED
        )
        refused = decide(harmless, Policy(), NEW, interactive=False)
        assert refused.remedy == "kadr plugin enable org.example.glow"

    @pytest.mark.parametrize("runtime", ["python", "wasm"])
    def test_nobody_where_the_policy_trusts(self, runtime: str) -> None:
        subject = replace(GLOW, runtime=runtime)
        policy = Policy((Rule("trust", GLOW.publisher, GLOW.plugin),))
        assert decide(subject, policy, NEW, interactive=False) == Decision(Status.GRANTED)

    def test_nobody_where_the_user_said_yes_even_to_a_part(self) -> None:
        standing = Standing(PermissionSet.of(["gpu"]), consented=True, earlier=ASKED)
        assert decide(GLOW, Policy(), standing, interactive=True).status is Status.GRANTED

    @pytest.mark.parametrize("interactive", [True, False])
    def test_nobody_where_the_policy_shuts_it_out(self, interactive: bool) -> None:
        standing = Standing(ASKED, consented=True, earlier=ASKED)
        rule = Rule("deny", plugin="org.*", reason="not reviewed")
        decision = decide(GLOW, Policy((rule,)), standing, interactive=interactive)
        assert decision == Decision(
            Status.REFUSED,
            reason="the policy forbids plugin 'org.example.glow'",
            remedy="rule 'deny * for org.*': not reviewed",
        )


class TestWhatIsAsked:
    def test_only_what_is_missing(self) -> None:
        assert question(standing=Standing(PermissionSet.of(["gpu"]))).wanted == PermissionSet.of(
            ["read:/media"]
        )

    def test_not_what_the_policy_forbids(self) -> None:
        asked = question(policy=Policy((Rule("deny", permission="gpu"),)))
        assert asked.wanted == PermissionSet.of(["read:/media"])
        assert "graphics" not in asked.text

    def test_but_what_it_forbids_in_part(self) -> None:
        asked = question(policy=Policy((Rule("deny", permission="read:/media/secret"),)))
        assert asked.wanted == ASKED

    def test_not_what_the_policy_trusts(self) -> None:
        policy = Policy((Rule("trust", permission="gpu"),))
        assert question(policy=policy).wanted == PermissionSet.of(["read:/media"])
        only_gpu = replace(GLOW, asked=PermissionSet.of(["gpu"]))
        assert decide(only_gpu, policy, NEW, interactive=False).status is Status.GRANTED

    def test_an_update_that_asks_for_more_says_so(self) -> None:
        update = replace(GLOW, version="2.0", asked=PermissionSet.of([*ASKED, "native"]))
        assert (
            "is an update that asks for more than you allowed before"
            in question(update, Standing(earlier=ASKED)).text
        )
        assert decide(update, Policy(), Standing(earlier=ASKED), interactive=False).status is Status.REFUSED

    def test_code_in_a_folder_cannot_be_trusted_for_ever(self) -> None:
        local = replace(GLOW, publisher=folder_publisher("/plugins/glow"))
        assert question(local).terms == (Term.ONCE, Term.VERSION)

    def test_hostile_words_cannot_forge_the_question(self) -> None:
        evil = replace(
            GLOW,
            publisher="folder:/a\x1b[1A\nApproved by kadr",
            version="1\r2",
            title="Glow” from dist:kadr\nwants to:\n  - nothing at all" + "\u200b" * 5000,
            asked=PermissionSet.of([Permission("read", "/media/\u202egnp.exe" + "x" * 4000)]),
        )
        lines = question(evil).text.split("\n")
        assert len(lines) == 3
        assert all(line.isprintable() and len(line) < 1500 for line in lines)
        assert r"\n" in lines[0]
        assert r"\u202e" in lines[1]


@pytest.mark.parametrize(
    ("typed", "term"),
    [
        ("", None),
        ("\n", None),
        ("n", None),
        ("no", None),
        ("sure", None),
        ("allow", None),
        ("once", Term.ONCE),
        (" Version \n", Term.VERSION),
        ("PUBLISHER", Term.PUBLISHER),
        ("y", Term.VERSION),
        ("yes", Term.VERSION),
    ],
)
def test_the_default_is_no_and_so_is_what_is_not_understood(typed: str, term: Term | None) -> None:
    assert read_answer(question(), typed) is term


def test_a_term_that_was_not_offered_is_no() -> None:
    local = question(replace(GLOW, publisher=folder_publisher("/x")))
    assert read_answer(local, "publisher") is None


class TestCommand:
    def test_plain(self) -> None:
        permission = Permission("read", "/media")
        assert enable_command("a.b", [permission]) == "kadr plugin enable a.b --grant read:/media"

    @pytest.mark.parametrize("scope", ["*", "/my clips", "/it's", '/"q"', "/$HOME/`x`;rm"])
    def test_quoted_for_a_posix_shell(self, scope: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("kadr_kernel.permissions.remedy.os.name", "posix")
        line = enable_command("a.b", [Permission("read", scope)])
        assert shlex.split(line)[-1] == f"read:{scope}"

    def test_quoted_for_windows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("kadr_kernel.permissions.remedy.os.name", "nt")
        line = enable_command("a.b", [Permission("read", "C:\\My Clips")])
        monkeypatch.undo()
        assert line.endswith('--grant "read:C:\\My Clips"')
