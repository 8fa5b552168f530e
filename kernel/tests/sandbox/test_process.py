"""A guest in a process of its own makes the same pictures, and takes nothing down with it."""

from __future__ import annotations

import io
import json
import os
import signal
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.sandbox.remote import RemoteMachine
from kadr_kernel.sandbox.shared import Shared
from kadr_kernel.sandbox.watchdog import Watchdog
from kadr_sdk.errors import RenderError
from kadr_sdk.wire import WireError, receive, send

# Fills plane 0 with how often this instance was called; traps at frame 7.
COUNTER = """
  (global $n (mut i32) (i32.const 0))
  (func (export "kadr_reset") (global.set $n (i32.const 100)))
  (func (export "kadr_process") (param $job i32) (result i32) (local $plane i32)
    (if (i64.eq (i64.load offset=8 (local.get $job)) (i64.const 7)) (then (unreachable)))
    (local.set $plane (i32.add (i32.load offset=88 (local.get $job)) (i32.const 64)))
    (global.set $n (i32.add (global.get $n) (i32.const 1)))
    (memory.fill (i32.load (local.get $plane)) (global.get $n)
      (i32.mul (i32.load offset=4 (local.get $plane)) (i32.load offset=12 (local.get $plane))))
    (i32.const 0))
"""
# The whole control block into the output's only plane.
MIRROR = (
    "(memory.copy (i32.load offset=64 (i32.load offset=88 (local.get $job))) (local.get $job)"
    " (i32.const 4096)) (i32.const 0)"
)


def machines(effect: Any) -> list[RemoteMachine]:
    found = [instance._machine for pool in effect._use._pools for instance in pool._idle]
    assert all(isinstance(one, RemoteMachine) for one in found)
    return found


def is_gone(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None


def test_the_same_bytes_as_in_this_process(lab: Any, apart: Any, kit: Any) -> None:
    """Pictures larger than the first block of shared memory, a window that moves, parameters with text."""
    params = [{"name": "a", "type": "text", "default": ""}, {"name": "b", "type": "float", "default": 0.0}]
    window = [kit.picture(n, 1200, 700, "yuva444p10le") for n in range(6)]
    uses = [one.use(kit.COPY, window=[1, 1], params=params) for one in (lab, apart)]
    for at in (0, 1, 2, 3, 1):
        call = kit.call(at, window[at : at + 3], values={"a": "text " * at, "b": 0.5})
        here, there = (use.frame(call) for use in uses)
        assert all((a == b).all() for a, b in zip(here.planes, there.planes, strict=True))
    mirrors = [one.use(kit.process(MIRROR), params=params) for one in (lab, apart)]
    call = kit.call(3, format="gray", width=4096, height=2, values={"a": "\N{SNOWMAN}", "b": 0.25})
    here, there = (use.frame(call).planes[0].tobytes() for use in mirrors)
    assert here == there


def test_a_process_is_used_again_reset_and_gone_with_its_job(apart: Any, kit: Any) -> None:
    bound = apart.load(kit.COMMON + COUNTER, state="sequential").bind("fail")
    effect = bound.effect(print)
    assert [int(effect.frame(kit.call(n)).planes[0][1, 1]) for n in range(3)] == [1, 2, 3]
    effect.reset()
    assert int(effect.frame(kit.call(0)).planes[0][1, 1]) == 101
    (machine,) = machines(effect)
    name = machine._shared.name
    bound.close()
    assert is_gone(machine.process)
    with pytest.raises(FileNotFoundError):
        Shared(name=name)


def test_a_trap_costs_the_process_and_says_what_it_was(apart: Any, kit: Any) -> None:
    effect = apart.use(kit.COMMON + COUNTER)
    effect.frame(kit.call(0))
    (machine,) = machines(effect)
    with pytest.raises(RenderError, match=r"of plugin org\.evil failed at frame 7 .*it trapped: unreachable"):
        effect.frame(kit.call(7))
    assert is_gone(machine.process)
    assert apart.runtime.counters()["org.evil/test.guest"]["traps"] == 2


def test_an_endless_loop_there_is_stopped(apart: Any, kit: Any) -> None:
    effect = apart.use(kit.process("(loop $l (br $l)) (i32.const 0)"))
    with pytest.raises(RenderError, match="it ran longer than it may"):
        effect.frame(kit.call())


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_process_that_is_killed_is_replaced_and_the_frame_made(apart: Any, kit: Any) -> None:
    effect = apart.use(kit.COMMON + COUNTER)
    effect.frame(kit.call(0))
    (machine,) = machines(effect)
    machine.process.send_signal(signal.SIGKILL)
    machine.process.wait()
    assert int(effect.frame(kit.call(1)).planes[0][1, 1]) == 1, "a fresh instance"
    row = apart.runtime.counters()["org.evil/test.guest"]
    assert (row["crashes"], row["instances"], row["calls"]) == (1, 2, 2)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_crash_costs_the_effect_and_not_the_render(apart: Any, kit: Any) -> None:
    """As a fault of the engine or the compiler would: the process is ended by a signal, every time."""
    effect = apart.use(kit.COPY, on_failure="skip")
    effect.frame(kit.call(0))
    original = RemoteMachine.call

    def call(machine: RemoteMachine, name: str, *arguments: int, seconds: float) -> int:
        if name == "kadr_process":
            machine.process.send_signal(signal.SIGSEGV)
            machine.process.wait()
        return original(machine, name, *arguments, seconds=seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RemoteMachine, "call", call)
        made = effect.frame(kit.call(1))
    assert (made.planes[0] == kit.picture(1).planes[0]).all(), "the input is shown"
    assert "failed and was left out" in apart.warned[0][0]
    row = apart.runtime.counters()["org.evil/test.guest"]
    assert (row["crashes"], row["replaced"]) == (2, 1)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_process_that_says_nothing_is_ended(apart: Any, kit: Any) -> None:
    effect = apart.use(kit.COPY)
    effect.frame(kit.call(0))
    (machine,) = machines(effect)
    machine.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(RenderError, match="its process was ended"):
        effect.frame(kit.call(1))
    assert time.monotonic() - began < 30, "it hangs"
    assert is_gone(machine.process)


def test_a_memory_bomb_there_gets_no_more_than_its_limit(apart: Any, kit: Any) -> None:
    grow = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (i32.const 0)"
    apart.use(kit.process(grow)).frame(kit.call())
    assert 8 << 20 < apart.runtime.counters()["org.evil/test.guest"]["peak_memory"] < 18 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="the system's limit on data is Linux's")
def test_memory_that_the_engine_itself_would_take_has_a_limit(apart: Any, kit: Any) -> None:
    effect = apart.use(kit.COPY)
    effect.frame(kit.call(0))
    (machine,) = machines(effect)
    text = Path(f"/proc/{machine.process.pid}/limits").read_text("utf-8")
    (row,) = [line for line in text.splitlines() if line.startswith("Max data size")]
    assert 512 << 20 < int(row.split()[3]) < 600 << 20


def test_host_functions_are_decided_here(asked: Any, kit: Any) -> None:
    text = asked.guest(kit, "config_get", asked.numbers(1024, 4, 2048, 60), "size")
    bound = asked.load(text, asked.gate(), isolation="process").bind("fail")
    asked.open.append(bound)
    row = bound.effect(print).frame(kit.call()).planes[0][0].tobytes()
    assert row[:5] == b"\1\0\0\0" + b"3"
    text = asked.guest(kit, "config_get", asked.numbers(1024, 4, -8, 60), "size")
    bound = asked.load(text, asked.gate(), isolation="process").bind("fail")
    asked.open.append(bound)
    row = bound.effect(print).frame(kit.call()).planes[0][0].tobytes()
    assert int.from_bytes(row[:4], "little", signed=True) == -2
    assert bound.numbers()["violations"] == 1


def test_a_defect_of_ours_is_told_when_the_guest_there_has_returned(asked: Any, kit: Any) -> None:
    def broken() -> bool:
        raise LookupError("a defect")

    text = asked.guest(kit, "should_abort", "")
    bound = asked.load(text, asked.gate(), isolation="process").bind("fail", broken)
    asked.open.append(bound)
    with pytest.raises(LookupError, match="a defect"):
        bound.effect(print).frame(kit.call())


def test_it_ends_with_kadr_and_knows_nothing_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    from kadr_kernel.sandbox import remote

    monkeypatch.setenv("SECRET_TOKEN", "x")
    original, given = subprocess.Popen, {}

    def popen(command: Any, **more: Any) -> Any:
        given.update(more)
        return original(command, **more)

    monkeypatch.setattr(remote.subprocess, "Popen", popen)
    process = remote._spawned()
    assert "SECRET_TOKEN" not in given["env"]
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()  # as where kadr is gone
    assert process.wait(60) == 0
    process.stdout.close()


# -- a process that lies -------------------------------------------------------------------------


def message(head: Any, body: bytes = b"") -> bytes:
    data = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<II", len(data), len(body)) + data + body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0",
        message(b"{"),
        message([1]),
        message(b"[" * 100_000),
        struct.pack("<II", 1 << 31, 0),
        struct.pack("<II", 2, 1 << 31) + b"{}",
        message({}, b"x" * 11),
        message({"a": 1})[:-1],
    ],
)
def test_messages_that_are_none(data: bytes) -> None:
    with pytest.raises(WireError):
        receive(io.BytesIO(data), 10)


def test_messages_arrive_whole() -> None:
    stream = io.BytesIO()
    send(stream, {"a": [1, 2]}, b"body")
    send(stream, {})
    stream.seek(0)
    assert receive(stream, 10) == ({"a": [1, 2]}, b"body")
    assert receive(stream, 10) == ({}, b"")


@pytest.mark.parametrize(
    "says",
    [
        {},
        {"size": "x"},
        {"size": 1e400},
        {"size": 1, "error": 5},
        {"size": 1, "error": ["x"]},
        {"size": 1, "value": None},
        {"host": "net_fetch", "numbers": [], "lengths": [0], "capacity": 5},
        {"host": "log", "numbers": [], "lengths": [], "capacity": 5},
        {"host": "log", "numbers": "x", "lengths": [1e400], "capacity": 5},
        {"violated": "read_file"},
    ],
)
def test_a_process_that_lies_is_ended(asked: Any, kit: Any, says: dict[str, Any]) -> None:
    text = asked.guest(kit, "log", asked.numbers(1, 1024, 0))
    code = asked.load(text, asked.gate(), isolation="process").code
    machine = RemoteMachine.__new__(RemoteMachine)
    answers = message(says).replace(b"Infinity", b"1e999")
    liar = [
        sys.executable,
        "-c",
        f"import sys; sys.stdin.buffer.read(8); sys.stdout.buffer.write({answers!r})",
    ]
    machine.process = subprocess.Popen(liar, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    machine._code, machine._handler, machine._raised, machine._late = code, asked.direct(), None, False
    machine._shared, machine._writes, machine._used, machine._wanted, machine.size = Shared(4096), [], 0, 0, 0
    machine._expected, machine._there = [], []
    with pytest.raises(Exception, match="its process") as caught:
        machine.call("kadr_process", 1, seconds=5)
    assert type(caught.value).__name__ == "GuestError"
    machine.close()


def test_the_watchdog_bites_once_and_only_who_is_late() -> None:
    import threading

    dog, bitten = Watchdog(), threading.Event()
    with dog.watching(60, lambda: pytest.fail("too early")), dog.watching(0.05, bitten.set):
        assert bitten.wait(20)
    dog.close()


def test_shared_memory_has_bounds() -> None:
    block = Shared(4096)
    other = Shared(name=block.name)
    other.view(10, 3)[...] = 7
    assert block.view(9, 5).tolist() == [0, 7, 7, 7, 0]
    for at, size in ((-1, 2), (0, -1), (block.size, 1), (0, block.size + 1)):
        with pytest.raises(ValueError, match="bytes at"):
            block.view(at, size)
    other.close()
    block.close()


@pytest.mark.skipif(sys.platform != "linux", reason="pages on demand are Linux's")
def test_shared_memory_that_is_not_there_is_an_error_and_no_signal(
    apart: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    effect = apart.use(kit.COPY)
    effect.frame(kit.call(0))

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    large = kit.picture(0, 1920, 1080)
    with pytest.raises(RenderError, match=r"org\.evil failed .* MiB of shared memory .*: No space left"):
        effect.frame(kit.call(1, [large]))


def test_a_process_that_cannot_be_started(apart: Any, kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    effect = apart.use(kit.COPY)
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(RenderError, match="its process cannot be started: "):
        effect.frame(kit.call(0))


def test_a_window_there_is_copied_frame_by_frame(apart: Any, kit: Any) -> None:
    effect = apart.use(kit.COPY, window=[1, 0])
    frames = [kit.picture(n) for n in range(3)]
    for at in (1, 2):
        made = effect.frame(replace(kit.call(at, frames[at - 1 : at + 1])))
        assert (made.planes[0] == frames[at - 1].planes[0]).all(), "the first input is the older one"
