"""Guests as components: texts in and out, nothing of the world, and an end to everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import wasmtime
from kadr_kernel.sandbox.component import ComponentRuntime
from kadr_sdk.data_guests import DataRuntime, DataTerms, GuestRefusedError
from kadr_sdk.errors import PluginError

LOOP = "(loop $again (br $again))"
ECHO = "(call $answer (i32.const 0) (local.get 2) (local.get 3))"
FIRST = "(call $answer (i32.const 0) (i32.const 0) (i32.const 1))"
"""The first byte of its memory."""


def component(body: str, extra: str = "", more: str = "") -> bytes:
    """One whose core function gets pointer and length of name and input, and answers at 16.

    Args:
        extra: of the core module. more: of the component.
    """
    text = f"""(component {more}
      (core module $m
        (memory (export "memory") 2)
        (global $next (mut i32) (i32.const 4096))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
          (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
          (global.set $next (i32.add (local.get $at) (local.get 3)))
          (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
            (then (drop (memory.grow (i32.const 32)))))
          (local.get $at))
        (func $answer (param $no i32) (param $at i32) (param $size i32) (result i32)
          (i32.store (i32.const 16) (local.get $no))
          (i32.store (i32.const 20) (local.get $at))
          (i32.store (i32.const 24) (local.get $size))
          i32.const 16)
        {extra}
        (func (export "call") (param i32 i32 i32 i32) (result i32) {body}))
      (core instance $i (instantiate $m))
      (func (export "call") (param "function" string) (param "input" string)
        (result (result string (error string)))
        (canon lift (core func $i "call") (memory (core memory $i "memory"))
          (realloc (core func $i "realloc")))))"""
    return bytes(wasmtime.wat2wasm(text))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def open_(code: bytes, **terms: Any) -> Any:
        limits: dict[str, Any] = {"call_seconds": 0.3, "memory_bytes": 16 << 20} | terms
        runtime = ComponentRuntime(tmp_path / "cache", start_seconds=0)
        made.append(runtime.open(code, DataTerms("org.test", "test", **limits)))
        return made[-1]

    yield open_
    for guest in made:
        guest.close()


def test_texts_go_in_and_out(opened: Any, tmp_path: Path) -> None:
    assert isinstance(ComponentRuntime(tmp_path), DataRuntime)
    guest = opened(component(ECHO), call_seconds=10)
    for text in ("", "größe", "x" * 1_000_000):
        assert guest.call("echo", text.encode()) == text.encode()
    (kept,) = (tmp_path / "cache").glob("*.native")
    assert kept.stat().st_size > 1000, "compiled once and kept"


def test_a_guest_may_say_no_and_goes_on(opened: Any) -> None:
    body = "(call $answer (i32.eq (local.get 1) (i32.const 2)) (local.get 2) (local.get 3))"
    guest = opened(component(body))
    with pytest.raises(GuestRefusedError, match=r"^not this$"):
        guest.call("no", b"not this")
    assert guest.call("yes", b"this") == b"this"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f"{LOOP} i32.const 16", "it ran longer than it may, 0.3 s"),
        ("unreachable", "it trapped: .*unreachable"),
        ("(call 2 (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))", "it trapped: .*stack"),
        ("(call $answer (i32.const 0) (i32.const -16) (i32.const 900))", "it trapped: .*out of bounds"),
        ("(call $answer (i32.const 9) (i32.const 0) (i32.const 0))", "it trapped: .*discriminant"),
        ("(call $answer (i32.const 0) (i32.const 0) (i32.const 131072))", "has 131072 bytes, and may have"),
        (f"(i32.store8 (i32.const 0) (i32.const 255)) {FIRST}", "utf-?8"),
    ],
)  # fmt: skip
def test_what_a_guest_does_wrong_is_an_error_with_its_name(opened: Any, body: str, words: str) -> None:
    choice = f"(if (result i32) (i32.eq (local.get 1) (i32.const 4)) (then {ECHO}) (else {body}))"
    guest = opened(component(choice), output_bytes=1000)
    with pytest.raises(PluginError, match=f"(?is){words}") as caught:
        guest.call("go", b"")
    assert str(caught.value).startswith("the guest of test in plugin org.test failed: ")
    assert guest.call("echo", b"a new one") == b"a new one"


def test_memory_has_an_end(opened: Any) -> None:
    body = f"(drop (memory.grow (i32.const 400))) (i32.store (i32.const 0) (memory.size)) {FIRST}"
    assert opened(component(body), memory_bytes=16 << 20).call("go", b"") == b"\x02", "it got none"


def test_a_start_without_end_is_ended(opened: Any) -> None:
    code = component(ECHO, f"(func $begin {LOOP}) (start $begin)")
    began = time.monotonic()
    with pytest.raises(PluginError, match=r"it does not start: |it started longer"):
        opened(code, start_seconds=0.3).call("echo", b"")
    assert time.monotonic() - began < 90


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (b"", "it is no WebAssembly component"),
        (b"(component)", "it is no WebAssembly component"),
        (b"\0asm\1\0\0\0", "it is no WebAssembly component"),
        (b"\0asm\x0d\0\1\0rubbish", "it does not compile"),
        (bytes(wasmtime.wat2wasm("(component)")), "it exports no function 'call'"),
        (component(ECHO, more='(import "wasi:io/poll@0.2.9" (instance))'), "it imports wasi:io/poll"),
        (bytes(wasmtime.wat2wasm("""(component (core module $m (func (export "f") (result i32) i32.const 1))
            (core instance $i (instantiate $m))
            (func (export "call") (result u32) (canon lift (core func $i "f"))))""")), "of another type"),
    ],
)  # fmt: skip
def test_what_is_not_such_a_guest(opened: Any, code: bytes, words: str) -> None:
    with pytest.raises(PluginError, match=words):
        opened(code).call("go", b"")
