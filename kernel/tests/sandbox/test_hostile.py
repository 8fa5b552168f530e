"""Guests that mean harm: the host lives, the error names the plugin, the next guest is well."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kadr_sdk.errors import PluginError, RenderError

RUNNING: dict[str, tuple[str, str]] = {
    "endless loop": ("(loop $l (br $l)) (i32.const 0)", "it ran longer than it may"),
    "unreachable": ("(unreachable)", "it trapped: unreachable"),
    "division by zero": ("(i32.div_u (i32.const 1) (i32.const 0))", "it trapped: integer division by zero"),
    "read out of bounds": ("(i32.load (i32.const -4))", "it trapped: memory out of bounds"),
    "write out of bounds": (
        "(i32.store (i32.const 0x7fffff00) (i32.const 1)) (i32.const 0)",
        "it trapped: memory out of bounds",
    ),
    "failure": ("(i32.const -3)", "kadr_process returned -3"),
}
MESSAGE = "(i32.store offset=124 (local.get $job) (i32.const {length}))"
ALLOC = """
  (memory (export "memory") 4)
  (global $calls (mut i32) (i32.const 0))
  (func (export "kadr_abi") (result i32) (i32.const 1))
  (func (export "kadr_alloc") (param $size i32) (result i32) {body})
  (func (export "kadr_process") (param i32) (result i32) (i32.const 0))
"""
ALLOCATORS: dict[str, tuple[str, str]] = {
    "nothing": ("(i32.const 0)", r"it has no \d+ bytes to give"),
    "negative": ("(i32.const -64)", "at 0xffffffc0, outside its memory"),
    "highest bit": ("(i32.const 0x80000000)", "at 0x80000000, outside its memory"),
    "end of memory": ("(i32.const 262080)", "at 0x3ffc0, outside its memory"),
    "not aligned": ("(i32.const 65)", "at?.*0x41, which is not 64-byte aligned"),
    "the same twice": ("(i32.const 4096)", "memory at 0x1000 that was given before"),
    "inside another": (
        "(global.set $calls (i32.add (global.get $calls) (i32.const 64))) (global.get $calls)",
        "that was given before",
    ),
    "trap": ("(unreachable)", "it trapped: unreachable"),
    "endless": ("(loop $l (br $l)) (i32.const 0)", "it ran longer than it may"),
}


@pytest.fixture(autouse=True)
def later_guests_are_well(lab: Any, kit: Any) -> Iterator[None]:
    yield
    made = lab.use(kit.COPY, plugin="org.good").frame(kit.call(5))
    assert (made.planes[0] == kit.picture(5).planes[0]).all()


@pytest.mark.parametrize("name", RUNNING)
def test_a_frame_that_fails(lab: Any, kit: Any, name: str) -> None:
    body, text = RUNNING[name]
    effect = lab.use(kit.process(body))
    with pytest.raises(RenderError) as caught:
        effect.frame(kit.call(3))
    assert str(caught.value) == (
        f"the effect test.guest of plugin org.evil failed at frame 3 of its clip: {text}"
        " (remove the effect, or disable its plugin: kadr plugin disable org.evil)"
    )
    assert caught.value.data["plugin"] == "org.evil"


def test_an_endless_loop_is_stopped_in_time(lab: Any, kit: Any) -> None:
    effect = lab.use(kit.process("(loop $l (br $l)) (i32.const 0)"))
    began = time.perf_counter()
    with pytest.raises(RenderError, match="longer"):
        effect.frame(kit.call())
    assert kit.QUICK.call_seconds <= time.perf_counter() - began < 30, "it hangs"
    row = lab.runtime.counters()["org.evil/test.guest"]
    assert (row["deadlines"], row["calls"], row["instances"]) == (1, 0, 1)


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        ("(start $s) (func $s (loop $l (br $l)))", "it ran longer than it may"),
        ('(func (export "_initialize") (loop $l (br $l)))', "it ran longer than it may"),
        ("(start $s) (func $s (unreachable))", "it trapped: unreachable"),
        ('(func (export "kadr_init") (param i32) (result i32) (i32.const 9))', "kadr_init returned 9"),
        ('(func (export "kadr_init") (param i32) (result i32) (loop $l (br $l)) (i32.const 0))', "longer"),
    ],
)
def test_a_guest_that_does_not_start(lab: Any, kit: Any, extra: str, text: str) -> None:
    effect = lab.use(kit.COPY + extra)
    with pytest.raises(RenderError, match=rf"plugin org\.evil failed at frame 0 of its clip: .*{text}"):
        effect.frame(kit.call())


def test_calls_nested_too_deeply(lab: Any, kit: Any) -> None:
    effect = lab.use(
        kit.process("(call $deep (i32.const 0))")
        + "(func $deep (param i32) (result i32)"
        + " (i32.add (i32.const 1) (call $deep (i32.add (local.get 0) (i32.const 1)))))"
    )
    with pytest.raises(RenderError, match="nested too deeply"):
        effect.frame(kit.call())


@pytest.mark.parametrize("name", ALLOCATORS)
def test_an_allocator_that_lies(lab: Any, kit: Any, name: str) -> None:
    body, text = ALLOCATORS[name]
    effect = lab.use(ALLOC.format(body=body))
    with pytest.raises(RenderError, match=rf"plugin org\.evil failed at frame 0 of its clip: .*{text}"):
        effect.frame(kit.call())


def test_a_memory_bomb_gets_no_more_than_its_limit(lab: Any, kit: Any) -> None:
    grow = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (i32.const 0)"
    lab.use(kit.process(grow)).frame(kit.call())
    peak = lab.runtime.counters()["org.evil/test.guest"]["peak_memory"]
    assert kit.QUICK.working_bytes // 2 < peak < kit.QUICK.working_bytes + (2 << 20)


def test_rewriting_the_job_moves_nothing(lab: Any, kit: Any) -> None:
    """The host reads from its own pointers, whatever the guest writes over them."""
    body = " ".join(
        f"(i32.store offset={offset} (local.get $job) (i32.const -16))" for offset in (80, 88, 116, 120, 0)
    )
    planes = "(i32.store offset=64 (i32.load offset=88 (local.get $job)) (i32.const -64))"
    made = lab.use(kit.process(f"{planes} {body} (i32.const 0)")).frame(kit.call())
    assert not made.planes[0].any()


def test_what_is_not_written_is_black_and_never_an_older_picture(lab: Any, kit: Any) -> None:
    """Writes the first picture, and nothing after."""
    body = kit.COPY.replace(
        "(local.set $n (i32.load", "(if (i64.ne (i64.load offset=8 (local.get $job)) (i64.const 0))"
        " (then (return (i32.const 0)))) (local.set $n (i32.load",
    )  # fmt: skip
    effect = lab.use(body)
    assert effect.frame(kit.call(0)).planes[0].all()
    assert not any(plane.any() for plane in effect.frame(kit.call(1)).planes)


@pytest.mark.parametrize(
    ("fill", "length", "shown"),
    [
        (b"no \x1b[31mred\n", 12, r"it says: no \x1b[31mred\n"),
        (b"\xff\xfe\x80", 3, "it says: \N{REPLACEMENT CHARACTER}"),
        (b"", 0, "kadr_process returned 1"),
        (b"", 1025, "it says: (a message of 1025 bytes where 1024 are)"),
        (b"", -1, "it says: (a message of 4294967295 bytes where 1024 are)"),
        ("a\u202eb".encode(), 5, r"it says: a\u202eb"),
    ],
)
def test_messages(lab: Any, kit: Any, fill: bytes, length: int, shown: str) -> None:
    writes = " ".join(
        f"(i32.store8 offset={i} (i32.load offset=116 (local.get $job)) (i32.const {b}))"
        for i, b in enumerate(fill)
    )
    said = f"{writes} {MESSAGE.format(length=length)} (i32.const 1)"
    with pytest.raises(RenderError) as caught:
        lab.use(kit.process(said)).frame(kit.call())
    assert shown in caught.value.message
    assert len(caught.value.message) < 700


def test_many_threads_and_a_guest_that_fails_beside_a_good_one(lab: Any, kit: Any) -> None:
    good = lab.use(kit.COPY, plugin="org.good")
    bad = lab.use(kit.process("(unreachable)"))
    wrong: list[str] = []

    def work(number: int) -> None:
        for frame in range(number, 60, 4):
            if (good.frame(kit.call(frame)).planes[0] != kit.picture(frame).planes[0]).any():
                wrong.append(f"frame {frame}")
            try:
                bad.frame(kit.call(frame))
                wrong.append("it did not fail")
            except RenderError as error:
                if error.data["plugin"] != "org.evil":
                    wrong.append(str(error))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert lab.runtime.counters()["org.good/test.guest"]["traps"] == 0


def test_a_module_that_takes_for_ever_to_compile_is_refused_before(lab: Any, kit: Any) -> None:
    body = "(if (local.get $job) (then (nop)))" * 40_000 + "(i32.const 0)"
    with pytest.raises(PluginError, match=r"org\.evil is not taken: \d+ bytes in function \d; at most"):
        lab.use(kit.process(body))
