"""D. Permissions, questions and names: nothing is given by surprise, by likeness or for ever."""

from __future__ import annotations

import http.server
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.boot import boot
from kadr_kernel.permissions import Grants, PermissionGate, Policy, Rule, Subject
from kadr_kernel.permissions.grant import Term
from kadr_kernel.permissions.prompt import Standing, Status, decide, read_answer
from kadr_kernel.sandbox.host_fetch import _is_public, addresses_of
from kadr_kernel.sandbox.host_table import FAILED, HOST_FUNCTIONS, INVALID, MISSING, REFUSED
from kadr_kernel.sandbox.limits import Limits
from kadr_sdk.errors import PluginError
from kadr_sdk.permissions import Permission, PermissionSet

ASKED = PermissionSet.of(["log", "read:/media"])
ONE = Subject("org.one", "key:abc", "1.0", ASKED, runtime="wasm", title="One")


@pytest.fixture
def grants(tmp_path: Path) -> Grants:
    return Grants(tmp_path / "grants")


def gate_of(grants: Grants, *subjects: Subject, policy: Policy | None = None) -> PermissionGate:
    gate = PermissionGate(grants, policy or Policy())
    for subject in subjects:
        gate.admit(subject)
    return gate


# -- what was granted, and to whom -----------------------------------------------------------------


@pytest.mark.case("D39")
@pytest.mark.parametrize(
    "more",
    [["log", "read:/media", "net:*"], ["log", "read:/"], ["log", "read:/other"], ["log", "write:/media"]],
)
def test_an_update_that_asks_for_more_may_nothing(grants: Grants, more: list[str]) -> None:
    grants.grant(ONE, ASKED, Term.PUBLISHER)
    gate = gate_of(grants, replace(ONE, version="1.1", asked=PermissionSet.of(more)))
    assert not any(gate.allowed("org.one", Permission.parse(text)) for text in ("log", "read:/media", *more))
    assert gate.decide("org.one", interactive=False).status is Status.REFUSED
    question = gate.decide("org.one", interactive=True).question
    assert question is not None
    assert "is an update that asks for more than you allowed before" in question.text


@pytest.mark.case("D39")
def test_an_update_that_asks_for_less_has_only_that(grants: Grants) -> None:
    grants.grant(ONE, ASKED, Term.PUBLISHER)
    gate = gate_of(grants, replace(ONE, version="1.1", asked=PermissionSet.of(["read:/media/films"])))
    assert gate.allowed("org.one", Permission("read", "/media/films/a"))
    assert not gate.allowed("org.one", Permission("read", "/media/a"))
    assert not gate.allowed("org.one", Permission("log"))


@pytest.mark.case("D40")
@pytest.mark.parametrize(
    "change",
    [{"publisher": "key:evil"}, {"publisher": "folder:/x"}, {"plugin": "org.0ne"}, {"version": "1.0.1"},
     {"contents": "sha256:other"}, {"asked": PermissionSet.of(["log", "read:/"])}],
)  # fmt: skip
def test_a_grant_is_for_hands_name_version_and_list(grants: Grants, change: dict[str, Any]) -> None:
    """What lies in the same place now, and is another one, inherits nothing."""
    grants.grant(ONE, ASKED, Term.VERSION)
    other = replace(ONE, **change)
    gate = gate_of(grants, other)
    assert not gate.allowed(other.plugin, Permission("log"))
    assert gate_of(grants, ONE).allowed("org.one", Permission("log"))


@pytest.mark.case("D40")
@pytest.mark.parametrize("file", ["__init__.py", "more.py", "inner/__init__.py", "guest.wasm", "plugin.toml"])
def test_a_yes_to_a_folder_is_to_its_files(tmp_path: Path, file: str) -> None:
    """Whatever changes in it, kadr asks again; back as it was, the yes counts again."""
    package = tmp_path / "plugins" / "org_fold" / "org_fold"
    (package / "inner").mkdir(parents=True)
    manifest = 'manifest = 1\n[plugin]\nid = "org.fold"\nversion = "1.0"\n[permissions]\nlog = true\n'
    for name in ("__init__.py", "inner/__init__.py", "guest.wasm"):
        (package / name).write_bytes(b"")
    (package / "plugin.toml").write_text(manifest, "utf-8")

    def state() -> tuple[str, str, bool]:
        with boot(
            environ={"KADR_HOME": str(tmp_path / "home")},
            overrides={"plugins.folders": [str(tmp_path / "plugins")]},
        ) as kernel:
            row = next(row for row in kernel.plugins.rows() if row.id == "org.fold")
            return row.state, row.error, kernel.gate.allowed("org.fold", Permission("log"))

    with boot(
        environ={"KADR_HOME": str(tmp_path / "home")},
        overrides={"plugins.folders": [str(tmp_path / "plugins")]},
    ) as kernel:
        kernel.plugins.set_enabled("org.fold", True)
    assert state() == ("active", "", True)
    target, before = package / file, b""
    if target.exists():
        before = target.read_bytes()
    target.write_bytes(before + b"\n#")
    found, error, allowed = state()
    assert (found, allowed) == ("found", False)
    assert "has other files than those that you allowed" in error
    assert "kadr plugin enable org.fold" in error
    target.write_bytes(before) if file != "more.py" else target.unlink()
    assert state() == ("active", "", True)


@pytest.mark.case("D41")
@pytest.mark.parametrize(
    "words",
    ["\x1b[2J\x1b[31mkadr", "a\nIt runs in a sandbox: kadr holds it to this.", "\u202egrone", "a\u200bb",
     "x" * 10_000, "\r overwritten", "\u2028two", "\ud800"],
)  # fmt: skip
def test_a_question_cannot_be_forged(words: str) -> None:
    """One line for who it is, one for each wish, one that is ours."""
    subject = Subject("org.one", "key:abc", words, PermissionSet.of(["log"]), runtime="wasm", title=words)
    question = decide(subject, Policy(), Standing(), interactive=True).question
    assert question is not None
    lines = question.text.split("\n")
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    assert lines[2] == "It runs in a sandbox: kadr holds it to this."
    assert len(question.text) < 1_000
    assert lines[0].startswith("org.one "), "the id, whose letters are checked, comes first"


@pytest.mark.case("D41")
@pytest.mark.parametrize("name", ["org.\u043ene", "Org.One", "org.one\u200b", "org one", "org..one", "-", ""])
def test_an_id_has_plain_letters(name: str) -> None:
    from kadr_sdk.errors import ManifestError
    from kadr_sdk.manifest import parse_manifest

    with pytest.raises(ManifestError, match="id"):
        parse_manifest({"manifest": 1, "plugin": {"id": name, "version": "1.0"}}, Path("plugin.toml"))


@pytest.mark.case("D42")
def test_questions_are_one_for_each_cause_and_no_by_default(grants: Grants) -> None:
    """Twenty starts ask nothing by themselves; answers that were typed ahead are no."""
    gate = gate_of(grants, ONE)
    for _ in range(20):
        assert gate.decide("org.one", interactive=False).status is Status.REFUSED
    question = gate.decide("org.one", interactive=True).question
    assert question is not None
    assert question.choices.startswith("[no]")
    assert question.text.count("\n") == 1 + len(ASKED)
    for typed in ("", "\n", " ", "yy", "yes yes", "y\ny", "ok", "\x1b[A", "j", "once\nonce", "y" * 10_000):
        assert read_answer(question, typed) is None, typed
    grants.grant(ONE, ASKED, Term.VERSION)
    assert gate.decide("org.one", interactive=True).question is None, "what was answered is not asked again"


@pytest.mark.case("D43")
def test_without_a_terminal_the_answer_is_no_and_comes_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "plugins" / "org_one" / "org_one"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("", "utf-8")
    (folder / "plugin.toml").write_text('manifest = 1\n[plugin]\nid = "org.one"\nversion = "1"\n', "utf-8")
    code = f"""
from kadr_kernel.boot import boot
folders = {{"plugins.folders": [{str(tmp_path / "plugins")!r}]}}
with boot(environ={{"KADR_HOME": {str(tmp_path / "home")!r}}}, overrides=folders) as kernel:
    print(next(row.error for row in kernel.plugins.rows() if row.id == "org.one"))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "needs your permission, and there is no terminal to ask for it" in done.stdout


# -- the network -----------------------------------------------------------------------------------


class Pages(http.server.BaseHTTPRequestHandler):
    """Answers on this machine, and who asked for them."""

    pages: dict[str, tuple[int, bytes, str]]
    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(f"{self.headers['Host']}{self.path}")
        status, body, location = self.pages.get(self.path, (200, b"x", ""))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: Any) -> None:
        pass


@pytest.fixture
def pages() -> Iterator[Any]:
    kind = type("Own", (Pages,), {"pages": {}, "seen": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield kind, server.server_address[1]
        server.shutdown()
        thread.join()


def fetch(asked: Any, url: str, grant: str, resolve: Callable[[str, int], list[str]]) -> int:
    gate = asked.gate((f"net:{grant}",), (f"net:{grant}",))
    return int(asked.direct(gate, resolve=resolve).answer("net_fetch", [], [url.encode()], 100)[0])


@pytest.mark.case("D44")
@pytest.mark.parametrize(
    ("to", "ends"),
    [("http://b.test:PORT/", REFUSED), ("http://a.test:1/", REFUSED), ("//b.test:PORT/", REFUSED),
     ("http://u:p@a.test:PORT/", INVALID), ("file:///etc/passwd", INVALID), ("gopher://a.test/", INVALID),
     ("http://a.test:PORT@b.test/", INVALID), ("http://127.0.0.1:PORT/", REFUSED)],
)  # fmt: skip
def test_a_redirect_to_elsewhere(asked: Any, pages: Any, to: str, ends: int) -> None:
    kind, port = pages
    kind.pages["/"] = 302, b"", to.replace("PORT", str(port))
    found = fetch(asked, f"http://a.test:{port}/", f"a.test:{port}", lambda *_: ["127.0.0.1"])
    assert (found, len(kind.seen)) == (ends, 1)


@pytest.mark.case("D44")
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0",
     "[::ffff:7f00:1]"],
)  # fmt: skip
def test_this_machine_under_another_spelling(asked: Any, pages: Any, host: str) -> None:
    """The grant is for everything out there, and the system's own resolver reads the name."""
    found = fetch(asked, f"http://{host}:{pages[1]}/", "*", addresses_of)
    assert found in (REFUSED, INVALID, FAILED)
    assert pages[0].seen == []


@pytest.mark.case("D44")
@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1",
     "::", "fe80::1%eth0", "fd00:ec2::254", "::ffff:169.254.169.254", "::7f00:1", "::a00:1", "2002:7f00:1::",
     "2002:a9fe:a9fe::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001:0:7f00:1::"],
)  # fmt: skip
def test_addresses_that_are_not_out_there(address: str) -> None:
    """Those of cloud metadata and IPv4 wrapped into IPv6 among them."""
    assert not _is_public(address)
    assert _is_public("93.184.216.34")
    assert _is_public("2606:4700::1111")


@pytest.mark.case("D44")
def test_a_name_that_answers_differently_the_second_time(asked: Any, pages: Any) -> None:
    """Asked once a hop, and the connection goes to what was checked."""
    port = pages[1]
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    calls = []

    def rebinding(host: str, _port: int) -> list[str]:
        calls.append(host)
        return next(answers)

    connect = socket.create_connection
    with pytest.MonkeyPatch.context() as patch:
        went: list[Any] = []

        def connecting(address: Any, **more: Any) -> Any:
            went.append(address[0])
            return connect(("127.0.0.1", port), **more)

        patch.setattr(socket, "create_connection", connecting)
        assert fetch(asked, f"http://a.test:{port}/", "*", rebinding) == 1
    assert (calls, went) == (["a.test"], ["93.184.216.34"])
    assert fetch(asked, f"http://a.test:{port}/", "*", lambda *_: ["93.184.216.34", "127.0.0.1"]) == REFUSED


@pytest.mark.case("D44")
def test_proxies_of_the_environment_are_not_used(
    asked: Any, pages: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    grant = f"localhost.:{pages[1]}"
    assert fetch(asked, f"http://localhost.:{pages[1]}/", grant, lambda *_: ["127.0.0.1"]) == 1


# -- files -----------------------------------------------------------------------------------------


@pytest.fixture
def read(asked: Any, tmp_path: Path) -> Callable[[object], tuple[int, bytes]]:
    """``read_file`` of a plugin that was granted ``shared``; beside it lies ``secret``."""
    for name in ("shared", "secret"):
        (tmp_path / name / "deep").mkdir(parents=True)
        for place in (tmp_path / name, tmp_path / name / "deep"):
            (place / "a.txt").write_bytes(name.encode())
    wanted = (f"read:{tmp_path / 'shared'}",)
    calls = asked.direct(asked.gate(wanted, wanted))
    return lambda path: calls.answer("read_file", [0], [str(path).encode()], 100)


@pytest.mark.case("D45")
@pytest.mark.parametrize(
    "spelled",
    ["{t}/shared/../secret/a.txt", "{t}/shared/./../secret/a.txt", "{t}//secret//a.txt", "{t}/sharedx/a.txt",
     "{t}/shared/..%2fsecret/a.txt", "{t}/shared/../secret/a.txt/", "{t}/SECRET/a.txt",
     "{t}/shared\\..\\secret", "{t}/shared ", "C:foo", "C:\\foo", "\\\\?\\C:\\foo", "con",
     "shared/a.txt", "~/a", "{t}/shared/a.txt\0.png",
     "{t}/shared/a.txt::$DATA", "{t}/shared/se\u0301cret", "/proc/self/environ", "/dev/zero", "/"],
)  # fmt: skip
def test_paths_in_other_words(read: Any, tmp_path: Path, spelled: str) -> None:
    status, data = read(spelled.format(t=tmp_path))
    assert status in (REFUSED, INVALID, MISSING, FAILED)
    assert data == b""
    assert read(tmp_path / "shared" / "a.txt") == (6, b"shared")


@pytest.mark.case("D46")
@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_lead_nowhere_else(read: Any, tmp_path: Path) -> None:
    shared, secret = tmp_path / "shared", tmp_path / "secret"
    (shared / "file").symlink_to(secret / "a.txt")
    (shared / "folder").symlink_to(secret)
    (shared / "round").symlink_to(shared / "round")
    (shared / "inside").symlink_to(shared / "a.txt")
    os.mkfifo(shared / "pipe")
    os.link(secret / "a.txt", shared / "hard")
    assert read(shared / "file")[0] == REFUSED
    assert read(shared / "folder" / "a.txt")[0] == REFUSED
    assert read(shared / "round")[0] in (REFUSED, MISSING, FAILED)
    assert read(shared / "pipe")[0] == FAILED, "it must not wait for a writer"
    assert read(shared / "inside") == (6, b"shared")
    assert read(shared / "hard") == (6, b"secret"), (
        "a hard link is the file itself: whoever made it could read it"
    )


@pytest.mark.case("D46")
@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_folder_that_becomes_a_link_between_check_and_use(
    read: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race of the attacker won every time: swapped as soon as the path was resolved."""
    deep, real = tmp_path / "shared" / "deep", os.path.realpath

    def swapping(path: Any, **more: Any) -> str:
        found = real(path, **more)
        asker = sys._getframe(1).f_code.co_filename
        if str(path) == str(deep / "a.txt") and not deep.is_symlink() and "host_calls" in asker:
            deep.rename(tmp_path / "shared" / "was")
            deep.symlink_to(tmp_path / "secret" / "deep")
        return found

    monkeypatch.setattr(os.path, "realpath", swapping)
    status, data = read(deep / "a.txt")
    assert deep.is_symlink(), "the swap took place"
    assert (status in (REFUSED, FAILED), data) == (True, b"")


# -- who asks ------------------------------------------------------------------------------------


@pytest.mark.case("D47")
def test_a_guest_cannot_have_another_ask_for_it() -> None:
    """No host function names another plugin, command or effect: there is nobody to send."""
    kinds = {kind for function in HOST_FUNCTIONS.values() for kind in function.parameters}
    assert kinds == {"number", "in", "out"}
    assert set(HOST_FUNCTIONS) == {
        "log", "progress", "should_abort", "config_get", "storage_get", "storage_set", "read_file",
        "net_fetch",
    }  # fmt: skip


@pytest.mark.case("D47")
def test_storage_and_settings_are_of_the_plugin_that_asks(asked: Any) -> None:
    """Two plugins, the same keys: each has its own."""
    gate = asked.gate()
    gate.admit(Subject("org.other", "dist:o", "1", PermissionSet.of(["storage"]), runtime="wasm"))
    calls = asked.direct()
    assert calls.answer("storage_set", [], [b"k", b"mine"], 0)[0] == 0
    for key in (b"k", b"../org.asks/k", b"/k", b"..\\org.asks\\k"):
        other = _of_plugin(asked, "org.other").answer("storage_get", [], [key], 100)
        assert other == (MISSING, b"")
    assert calls.answer("storage_get", [], [b"k"], 100) == (4, b"mine")


def _of_plugin(asked: Any, plugin: str) -> Any:
    """The host functions as a plugin has them that may keep data."""
    from kadr_kernel.sandbox.counters import Counters
    from kadr_kernel.sandbox.host_calls import HostCalls, PluginHost

    rules = (Rule("trust", plugin=plugin, permission="storage"),)
    gate = PermissionGate(Grants(asked._folder), Policy(rules))
    gate.admit(Subject(plugin, "dist:o", "1", PermissionSet.of(["storage"]), runtime="wasm"))
    return HostCalls(PluginHost(plugin, asked.house(gate), Limits()), "other", Counters(), lambda: False)


@pytest.mark.case("D48")
def test_a_requirement_has_nothing_of_who_requires_it(grants: Grants) -> None:
    parent = replace(ONE, plugin="org.parent")
    child = Subject("org.child", "key:abc", "1.0", ASKED, runtime="wasm")
    grants.grant(parent, ASKED, Term.PUBLISHER)
    gate = gate_of(grants, parent, child)
    assert gate.allowed("org.parent", Permission("log"))
    assert not gate.allowed("org.child", Permission("log"))
    assert gate.granted("org.child") == PermissionSet()


@pytest.mark.case("D49")
def test_what_is_revoked_counts_from_the_next_call_on(asked: Any, grants: Grants, kit: Any) -> None:
    """In the middle of a job, with an instance that is at work."""
    subject = Subject("org.asks", "key:abc", "1.0", PermissionSet.of(["log"]), runtime="wasm")
    grants.grant(subject, subject.asked, Term.VERSION)
    gate = gate_of(grants, subject)
    bound = asked.load(asked.guest(kit, "log", asked.numbers(1, 1024, 1), "a"), gate).bind("fail")
    asked.open.append(bound)
    effect = bound.effect(print)

    def status() -> int:
        data = effect.frame(kit.call()).planes[0][0].tobytes()[:4]
        return int.from_bytes(data, "little", signed=True)

    assert status() == 0
    grants.revoke("org.asks")
    assert status() == REFUSED
    assert bound.numbers()["instances"] == 1
    gate.forget("org.asks")
    assert status() == REFUSED


@pytest.mark.case("D50")
def test_a_host_function_is_there_for_whom_it_was_granted(asked: Any, kit: Any) -> None:
    """One plugin may write into the log; a second, loaded by the same runtime, still may not."""
    text = asked.guest(kit, "log", asked.numbers(1, 1024, 1), "a")
    asked.load(text, asked.gate())
    runtime = asked.open[-1]
    declared = kit.declared(deterministic="none")
    with pytest.raises(PluginError, match=r"org\.second is not taken: it imports kadr\.log.*is not known"):
        runtime.load(kit.binary(text), declared, "org.second")


@pytest.mark.case("D51")
def test_nothing_of_the_environment_or_of_paths_reaches_a_guest(
    asked: Any, kit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a failed read, fetch or setting answers is a number; settings are the plugin's own."""
    monkeypatch.setenv("KADR_SECRET", "hunter2")
    calls = asked.direct()
    for name in ("KADR_SECRET", "PATH", "../org.other/size", 'plugin."org.other"', "__class__"):
        assert calls.answer("config_get", [], [name.encode()], 100) == (MISSING, b"")
    for path in (tmp_path, tmp_path / "none", "/proc/self/environ", "/etc/shadow"):
        status, data = calls.answer("read_file", [0], [str(path).encode()], 0)
        assert data == b""
        assert status <= 0
    assert calls.answer("net_fetch", [], [b"http://a.test:1/"], 100)[1] == b""
