"""``kadr plugin …`` as a user has it: tables, JSON, questions, and one clear error each."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kadr_registry.commands import changing, looking, settings, using
from kadr_sdk.errors import KadrError, PermissionDeniedError

GLOW = "org.example.glow"
Run = Callable[..., str]


class _Kernel:
    """What the commands need of one."""

    def __init__(self, kept: Any) -> None:
        self.installations = kept
        self.plugins = SimpleNamespace(rows=lambda: [])


@pytest.fixture
def kadr(user: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    registries = using.Registries
    monkeypatch.setattr(using, "Registries", lambda *a, **k: registries(*a, now=lambda: user.bench.now, **k))

    def run(name: str, *argv: object, code: int = 0) -> str:
        module = next(m for m in (changing, looking, settings) if name in m.__all__)
        assert getattr(module, name)(_Kernel(user.kept), [str(a) for a in argv]) == code
        return capsys.readouterr().out

    return run


def test_a_life_in_tables(bench: Any, kadr: Run, tmp_path: Path) -> None:
    bench.publish(permissions={"log": True})
    assert "org.example.glow  1.0.0    sandboxed  test      A soft glow" in kadr("search", "GLOW", "soft")
    assert kadr("search", "nothing-like-it") == "nothing found; fewer words find more\n"
    shown = kadr("show", GLOW)
    assert "asks to write into the log" in shown
    assert "held by the sandbox" in shown
    assert "org.example.glow  -     1.0.0  sandboxed" in kadr("install", GLOW, "--yes", "--grant", "log")
    assert kadr("install", GLOW) == "nothing to do\n"
    assert kadr("why", GLOW) == "you asked for org.example.glow\n"
    assert kadr("outdated") == "everything is up to date\n"
    assert kadr("audit") == "nothing is wrong\n"
    assert "plugins in" in kadr("lock", "-o", tmp_path / "plugins.lock")
    assert kadr("lock") == (tmp_path / "plugins.lock").read_text("utf-8")
    assert kadr("sync", tmp_path / "plugins.lock", "--locked") == "nothing to do\n"
    assert "nothing was changed: --dry-run" in kadr("remove", GLOW, "--dry-run")
    assert kadr("rollback").startswith("generation 0 counts again (0 plugins), instead of 1")
    assert kadr("purge", GLOW) == "removed: grants, who published it\n"
    assert kadr("purge", GLOW) == "there was nothing\n"


def test_the_same_as_json(bench: Any, kadr: Run) -> None:
    bench.publish()
    assert json.loads(kadr("search", "--json"))["plugins"][0]["id"] == GLOW
    assert json.loads(kadr("show", GLOW, "--json"))["releases"][0]["version"] == "1.0.0"
    done = json.loads(kadr("install", GLOW, "--json"))
    assert done == {
        "changes": [{"id": GLOW, "what": "install", "old": "", "new": "1.0.0", "tier": "sandboxed"}],
        "waiting": {},
        "dry_run": False,
    }
    bench.publish(version="2.0.0")
    ((row),) = json.loads(kadr("outdated", "--json"))["outdated"]
    assert row == {"id": GLOW, "installed": "1.0.0", "newest": "2.0.0", "refused": ""}
    assert json.loads(kadr("lock", "--json"))["plugins"][0]["version"] == "1.0.0"
    assert json.loads(kadr("why", GLOW, "--json"))["chains"] == [[GLOW]]
    assert json.loads(kadr("audit", "--json")) == {"findings": []}
    assert json.loads(kadr("grants", "list", "--json")) == {"grants": []}
    assert json.loads(kadr("grants", "revoke", GLOW, "--json"))["revoked"] == 0
    assert json.loads(kadr("registries", "list", "--json"))["registries"][0]["name"] == "test"


def test_registries_come_and_go(kadr: Run, tmp_path: Path) -> None:
    assert "test" in kadr("registries", "list")
    assert kadr("registries", "remove", "test") == "test is forgotten\n"
    assert kadr("registries", "list").startswith("none; kadr plugin registries add")
    for name in ("search", "outdated"):
        if name == "search":
            with pytest.raises(KadrError, match="set one up: kadr plugin registries add"):
                kadr(name)


def test_a_registry_is_trusted_by_the_fingerprint_of_its_root(bench: Any, user: Any, kadr: Run) -> None:
    file = bench.public / "metadata" / "1.root.json"
    root = file.read_bytes()
    told = hashlib.sha256(root).hexdigest()
    bench.publish()
    kadr("registries", "remove", "test")
    before = user.state()
    for wrong, said in (("0" * 64, "has another root"), ("abc", "this is no fingerprint of a root")):
        with pytest.raises(KadrError, match=said):
            kadr("registries", "add", "test", bench.public, "--fingerprint", wrong)
    with pytest.raises(KadrError, match="has another root"):  # both are given: both count
        kadr("registries", "add", "test", bench.public, "--root", file, "--fingerprint", "0" * 64)
    assert (user.state(), kadr("registries", "list")[:4]) == (before, "none")
    grouped = ":".join(told[i : i + 4] for i in range(0, 64, 4)).upper()
    kadr("registries", "add", "test", bench.public, "--fingerprint", f"sha256:{grouped}")
    kadr("install", GLOW)
    assert user.there() == {GLOW: "1.0.0"}
    assert (user.store / "registries" / "test" / "1.root.json").read_bytes() == root


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["registries", "add", "Test!", "x"], "is not a name for a registry"),
        (["registries", "add", "test", "x"], "there is a registry 'test' already"),
        (["registries", "add", "more", "/nowhere"], "the root that you trust is needed"),
        (["registries", "remove", "tset"], "did you mean 'test'"),
        (["install", GLOW, GLOW], "is named twice"),
        (["install", GLOW, "--grant", "fly"], "unknown permission 'fly'"),
        (["install", GLOW, "--from", "/nowhere"], "there is no registry"),
        (["sync", "/nowhere.lock"], "the lock cannot be read"),
        (["rollback", "7"], "unknown generation '7'"),
        (["why", GLOW], "unknown plugin installed from a registry"),
        (["show", "org.example.glwo"], "did you mean 'org.example.glow'"),
        (["update", GLOW], "unknown plugin installed from a registry"),
    ],
)
def test_what_goes_wrong_is_said(bench: Any, user: Any, kadr: Run, argv: list[str], said: str) -> None:
    bench.publish()
    before = user.state()
    with pytest.raises(KadrError) as caught:
        kadr(*argv)
    assert said in str(caught.value)
    assert user.state() == before


def test_a_lock_that_is_none(kadr: Run, tmp_path: Path) -> None:
    for text in ("x", "lock = 2", "lock = 1\n[asked]\n[[plugin]]\nid = 1"):
        (tmp_path / "l").write_text(text)
        with pytest.raises(KadrError, match="this is not a lock of plugins"):
            kadr("sync", tmp_path / "l")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 0


@pytest.mark.case("D41")
def test_d41_what_a_plugin_says_of_itself_is_shown_escaped(bench: Any, user: Any, kadr: Run) -> None:
    evil = "Soft\x1b[2J\u202egnihton sksa\u200b\n  asks to do nothing " + "x" * 10_000
    bench.publish(title=evil, summary=evil, permissions={"log": True})
    user.host.clear()
    for text in (kadr("search", "soft"), kadr("show", GLOW)):
        assert not [c for c in text if c != "\n" and not c.isprintable()]
        assert max(map(len, text.split("\n"))) < 500
        assert "\n  asks to do nothing" not in text


@pytest.mark.case("D42")
@pytest.mark.parametrize(
    ("typed", "term"),
    [
        ("once\n", "once"),
        ("version\n", "version"),
        ("publisher\n", "publisher"),
        ("y\n", "version"),
        ("\n", ""),
    ],
)
def test_the_question_on_a_terminal(
    bench: Any, user: Any, kadr: Run, monkeypatch: pytest.MonkeyPatch, typed: str, term: str
) -> None:
    bench.publish(permissions={"log": True})
    flushed: list[str] = []
    monkeypatch.setattr(using, "_ANSWER_SECONDS", 0)
    monkeypatch.setattr(using, "_forget_typed", lambda: flushed.append("before the answer"))
    monkeypatch.setattr(sys, "stdin", _Terminal(typed))
    monkeypatch.setattr(sys, "stderr", _Terminal())
    if term:
        kadr("install", GLOW)
        assert [row[4] for row in user.kept.given] == [term]
    else:
        with pytest.raises(PermissionDeniedError):
            kadr("install", GLOW)
    assert flushed == ["before the answer"], "what was typed ahead answers nothing"
    assert "Allow it? [no] / once / version / publisher: " in sys.stderr.getvalue()  # type: ignore[attr-defined]  # ours


@pytest.mark.case("D42")
@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal is needed")
def test_d42_what_was_typed_ahead_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    import pty
    import select

    ours, theirs = pty.openpty()
    try:
        with os.fdopen(theirs, "r", closefd=False) as terminal:
            os.write(ours, b"version\n")
            assert select.select([theirs], [], [], 10)[0]
            monkeypatch.setattr(sys, "stdin", terminal)
            using._forget_typed()
            assert not select.select([theirs], [], [], 0)[0]
    finally:
        os.close(ours)
        os.close(theirs)
