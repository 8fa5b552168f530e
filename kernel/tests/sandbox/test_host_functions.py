"""What a guest may ask the host for: nothing by default, little with permission, and never more."""

from __future__ import annotations

import json
import logging
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.sandbox.host_calls import HostCalls
from kadr_kernel.sandbox.host_table import ERRORS, FAILED, HOST_FUNCTIONS, INVALID, LIMIT, MISSING, REFUSED
from kadr_kernel.sandbox.house import House
from kadr_kernel.sandbox.limits import Limits
from kadr_kernel.sandbox.runtime import CoreRuntime
from kadr_sdk.errors import PluginError
from kadr_sdk.events import GuestProgressed
from kadr_sdk.permissions import PERMISSIONS

PLUGIN = "org.asks"
ALL = ("log", "progress", "config", "storage", "read:*", "net:*")


# -- the table -----------------------------------------------------------------------------------


def test_the_table_is_closed_and_every_function_names_its_permission() -> None:
    assert {name: f.permission for name, f in HOST_FUNCTIONS.items()} == {
        "log": "log",
        "progress": "progress",
        "should_abort": "progress",
        "config_get": "config",
        "storage_get": "storage",
        "storage_set": "storage",
        "read_file": "read",
        "net_fetch": "net",
    }
    assert {f.permission for f in HOST_FUNCTIONS.values()} <= set(PERMISSIONS)
    assert all(hasattr(HostCalls, f"_{name}") for name in HOST_FUNCTIONS)
    assert len(set(ERRORS.values())) == 5
    assert all(code < 0 for code in ERRORS.values())


@pytest.mark.parametrize("name", HOST_FUNCTIONS)
@pytest.mark.parametrize("key", ["manifest", "grant", "policy", "nobody"])
def test_without_every_key_a_guest_is_not_even_compiled(asked: Any, kit: Any, name: str, key: str) -> None:
    permission = next(p for p in asked.ALL if p.partition(":")[0] == HOST_FUNCTIONS[name].permission)
    gate = {
        "manifest": lambda: asked.gate(asked=()),
        "grant": lambda: asked.gate(granted=()),
        "policy": lambda: asked.gate(deny=permission),
        "nobody": lambda: House().keys,
    }[key]()
    says = {
        "manifest": "manifest of plugin 'org.asks' does not ask to",
        "grant": f"you have not allowed plugin .*kadr plugin enable org.asks --grant '?{permission[:4]}",
        "policy": "the policy forbids plugin 'org.asks' to .*rule",
        "nobody": "is not known",
    }[key]
    with pytest.raises(PluginError) as caught:
        asked.load(asked.guest(kit, name, asked.numbers(*[0] * HOST_FUNCTIONS[name].width)), gate)
    start = rf"org\.asks is not taken: it imports kadr\.{name}, which needs the permission"
    assert caught.match(rf"{start} {HOST_FUNCTIONS[name].permission}: .*{says}")


def test_with_all_keys_every_function_answers(asked: Any, kit: Any) -> None:
    """One guest that imports them all traps where an answer is neither 0 nor an error."""
    rows = [(f.name, " i32" * f.width, asked.numbers(*[0] * f.width)) for f in HOST_FUNCTIONS.values()]
    text = "".join(
        f'(import "kadr" "{name}" (func ${name} (param{kinds}) (result i32)))' for name, kinds, _ in rows
    )
    checks = "".join(
        f"(if (i32.gt_u (i32.add (call ${name} {zeros}) (i32.const 5)) (i32.const 5)) (then (unreachable)))"
        for name, _, zeros in rows
    )
    bound = asked.load(text + kit.process(f"{checks} (i32.const 0)"), asked.gate()).bind("fail")
    asked.open.append(bound)
    bound.effect(print).frame(kit.call())
    assert bound.numbers()["violations"] == 0


@pytest.mark.parametrize(
    ("imports", "says"),
    [
        ('(import "kadr" "logs" (func (param i32 i32 i32) (result i32)))', "no host function logs.*log"),
        ('(import "kadr" "log" (func (param i32 i32) (result i32)))', r"kadr\.log is of another type"),
        ('(import "kadr" "log" (func (param i64 i32 i32) (result i32)))', r"must be \(i32, i32, i32\) ->"),
        ('(import "kadr" "log" (global i32))', "no host function log"),
        ('(import "env" "log" (func))', "it imports env.log"),
    ],
)
def test_imports_are_compared_before_anything_runs(asked: Any, kit: Any, imports: str, says: str) -> None:
    with pytest.raises(PluginError, match=says):
        asked.load(imports + kit.COPY, asked.gate())


def test_what_may_differ_from_render_to_render_must_be_declared(asked: Any, kit: Any) -> None:
    runtime = CoreRuntime(asked._compiled, house=asked.house(asked.gate()))
    asked.open.append(runtime)
    for name, function in HOST_FUNCTIONS.items():
        code = kit.binary(asked.guest(kit, name, asked.numbers(*[0] * function.width)))
        if function.lasting:
            with pytest.raises(PluginError, match='must say deterministic = "none"'):
                runtime.load(code, kit.declared(), "org.asks")
        else:
            runtime.load(code, kit.declared(), "org.asks")


def test_settings_that_a_guest_reads_are_in_its_digest(asked: Any, kit: Any) -> None:
    text = asked.guest(kit, "config_get", asked.numbers(0, 0, 0, 0))
    one = asked.load(text, asked.gate()).digest
    assert asked.load(text, asked.gate()).digest == one
    asked.settings["size"] = 4
    assert asked.load(text, asked.gate()).digest != one


# -- numbers of a guest --------------------------------------------------------------------------


@pytest.mark.parametrize("at", [(-1, 1), (0x7FFFFFFF, 1), (65536 * 100, 1), (0, -1), (4, -4), (-64, 64)])
@pytest.mark.parametrize("side", ["in", "out"])
def test_pointers_are_checked_without_a_sign(asked: Any, at: tuple[int, int], side: str) -> None:
    inside = (1024, 4)
    pair = [*at, *inside] if side == "in" else [*inside, *at]
    status, _ = asked.run("config_get", asked.numbers(*pair), "size")
    assert status == INVALID
    assert asked.counters["violations"] == 1


def test_in_the_start_function_nothing_is_answered(asked: Any, kit: Any) -> None:
    text = asked.guest(kit, "should_abort", "")
    text += "(start $s) (func $s (if (i32.ne (call $f) (i32.const -2)) (then (unreachable))))"
    bound = asked.load(text, asked.gate()).bind("fail")
    asked.open.append(bound)
    bound.effect(print).frame(kit.call())


# -- one function after the other ----------------------------------------------------------------


def test_log(asked: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "kadr.plugin.org.asks"):
        status, _ = asked.run("log", asked.numbers(2, 1024, 11), r"a\1b[31m\0a\e2\80\aeb")
    assert status == 0
    ((name, level, message),) = caplog.record_tuples
    assert (name, level, message) == (
        "kadr.plugin.org.asks", logging.WARNING, r"test.guest: a\x1b[31m\n\u202eb",
    )  # fmt: skip


def test_a_log_is_bounded_in_lines_and_length(asked: Any, caplog: pytest.LogCaptureFixture) -> None:
    calls = asked.direct()
    with caplog.at_level(logging.DEBUG, "kadr.plugin.org.asks"):
        found = [calls.answer("log", [3], [b"x" * 100_000], 0)[0] for _ in range(200)]
        calls.close()
    assert found.count(0) <= 22
    assert set(found) == {0, LIMIT}
    assert max(len(r.getMessage()) for r in caplog.records) < 1100
    assert caplog.records[-1].getMessage() == f"{found.count(LIMIT)} more lines were not written"
    assert calls.answer("log", [4], [b""], 0)[0] == INVALID


def test_progress_and_should_abort(asked: Any) -> None:
    assert asked.run("progress", asked.numbers(250))[0] == 0
    assert asked.events == [GuestProgressed("org.asks", "test.guest", 0.25)]
    assert asked.run("progress", asked.numbers(1001))[0] == INVALID
    assert asked.run("should_abort", "")[0] == 0
    asked.cancelled = True
    assert asked.run("should_abort", "")[0] == 1
    calls = asked.direct()
    asked.events.clear()
    assert {calls.answer("progress", [n], [], 0)[0] for n in range(500)} == {0}
    assert len(asked.events) <= 12


def test_config(asked: Any) -> None:
    assert asked.run("config_get", asked.numbers(1024, 4, 2048, 60), "size") == (1, b"3")
    assert asked.run("config_get", asked.numbers(1024, 4, 2048, 60), "name") == (8, rb'"\u2603"')
    assert asked.run("config_get", asked.numbers(1024, 4, 2048, 2), "name") == (8, b"")
    assert asked.run("config_get", asked.numbers(1024, 4, 2048, 60), "none") == (MISSING, b"")
    assert asked.run("config_get", asked.numbers(1024, 2, 2048, 60), r"\ff\ff") == (INVALID, b"")


def test_storage_keeps_whole_values_within_its_quota(asked: Any, tmp_path: Path) -> None:
    calls = asked.direct(limits=Limits(storage_bytes=4096))
    store = lambda key, value: calls.answer("storage_set", [], [key, value], 0)[0]  # noqa: E731 - brief
    fetch = lambda key, room: calls.answer("storage_get", [], [key], room)  # noqa: E731 - brief
    assert fetch(b"a", 10) == (MISSING, b"")
    assert store(b"a", b"x" * 2000) == 0
    assert store(b"../b", b"y" * 2000) == LIMIT
    assert store(b"../b", b"y" * 1000) == 0
    assert store(b"a", b"z" * 2001) == 0, "a value makes room for its successor"
    assert fetch(b"a", 5000) == (2001, b"z" * 2001)
    assert fetch(b"a", 2000) == (2001, b"")
    assert store(b"a", b"") == 0
    assert fetch(b"a", 10) == (MISSING, b"")
    assert store(b"k" * 257, b"") == INVALID
    assert store(b"\xff", b"1") == INVALID
    assert fetch(b"../b", 5000)[0] == 1000
    assert {p.parent for p in tmp_path.rglob("*") if p.is_file() and p.name != "grants.json"} == {
        tmp_path / "guests" / "org.asks"
    }


def test_storage_of_a_guest(asked: Any) -> None:
    assert asked.run("storage_set", asked.numbers(1024, 1, 1025, 4), "kwxyz") == (0, b"")
    assert asked.run("storage_get", asked.numbers(1024, 1, 2048, 60), "kwxyz") == (4, b"wxyz")


def test_files_that_were_granted_and_no_others(asked: Any, tmp_path: Path) -> None:
    shared, secret = tmp_path / "shared", tmp_path / "secret"
    for folder in (shared, secret):
        folder.mkdir()
        (folder / "a.txt").write_bytes(b"0123456789")
    gate = asked.gate(asked=(f"read:{shared}",), granted=(f"read:{shared}",))
    calls = asked.direct(gate)

    def read(path: object, at: int = 0, room: int = 100) -> tuple[int, bytes]:
        return calls.answer("read_file", [at], [str(path).encode()], room)

    assert read(shared / "a.txt") == (10, b"0123456789")
    assert read(shared / "a.txt", 8) == (2, b"89")
    assert read(shared / "a.txt", 0, 4) == (4, b"0123")
    assert read(shared / "a.txt", 4_000_000_000) == (0, b"")
    assert read(secret / "a.txt") == (REFUSED, b"")
    assert read(shared / ".." / "secret" / "a.txt") == (REFUSED, b"")
    assert read(shared / "b.txt") == (MISSING, b"")
    assert read(shared) == (FAILED, b"")
    assert read("a.txt") == read("") == read("/\0") == (INVALID, b"")
    none = asked.direct(gate, Limits(transfer_bytes=0))
    assert none.answer("read_file", [0], [str(shared / "a.txt").encode()], 9) == (LIMIT, b""), (
        "no end of file"
    )
    if os.name != "nt":
        (shared / "link").symlink_to(secret / "a.txt")
        assert read(shared / "link") == (REFUSED, b"")
        os.mkfifo(shared / "fifo")
        assert read(shared / "fifo") == (FAILED, b""), "it must not wait for a writer"


def test_ten_million_calls_cost_no_more_than_a_second_allows(asked: Any) -> None:
    calls = asked.direct(limits=Limits(host_calls=50))
    found = [calls.answer("should_abort", [], [], 0)[0] for _ in range(5000)]
    assert found[:50] == [0] * 50
    assert found.count(LIMIT) > 4900
    assert calls._counters.row()["limited"] == found.count(LIMIT)


def test_a_defect_of_ours_is_told_after_the_guest_returned(
    asked: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("a defect")

    bound = asked.load(asked.guest(kit, "should_abort", ""), asked.gate()).bind("fail", broken)
    asked.open.append(bound)
    with pytest.raises(RuntimeError, match="a defect"):
        bound.effect(print).frame(kit.call())
    monkeypatch.setattr(asked, "cancelled", True)
    assert asked.run("should_abort", "")[0] == 1, "the next guest is well"


def test_calls_of_many_threads_are_answered_each_to_its_own(asked: Any, kit: Any) -> None:
    """What wasmtime-py keeps for the whole process would mix these up."""
    good = asked.load(asked.guest(kit, "config_get", asked.numbers(1024, 4, 2048, 60), "size"), asked.gate())
    bad = asked.load(asked.guest(kit, "should_abort", ""), asked.gate())

    def raising() -> bool:
        raise LookupError("mine")

    uses = [good.bind("fail"), bad.bind("fail", raising)]
    asked.open += uses
    wrong: list[str] = []

    def work(number: int) -> None:
        effect = uses[number % 2].effect(print)
        for _ in range(40):
            try:
                row = effect.frame(kit.call()).planes[0][0].tobytes()
                if number % 2 or row[:5] != b"\1\0\0\0" + b"3":
                    wrong.append(f"{number}: {row[:5]!r}")
            except LookupError:
                if not number % 2:
                    wrong.append(f"{number}: another's exception")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_json_is_what_config_answers(asked: Any) -> None:
    asked.settings["deep"] = {"list": [1, 2]}
    calls = asked.direct()
    assert json.loads(calls.answer("config_get", [], [b"deep"], 100)[1]) == {"list": [1, 2]}
