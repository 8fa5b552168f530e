"""Guests that behave, and guests that do what they can."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from kadr_extism.imports import ENV, UnfitError, check_module
from kadr_extism.runtime import ExtismRuntime
from kadr_sdk.data_guests import DataRuntime, DataTerms, GuestRefusedError
from kadr_sdk.errors import DependencyMissingError, PluginError

Opened = Callable[..., Any]

ECHO = """(func (export "echo") (result i32)
  (call $output_set (call $input_offset) (call $input_length)) i32.const 0)"""
LOOP = "(loop $again (br $again))"
SAY = """
(func $say (param $letter i32) (result i64) (local $at i64)
  (local.set $at (call $alloc (i64.const 2)))
  (call $store_u8 (local.get $at) (local.get $letter))
  (call $store_u8 (i64.add (local.get $at) (i64.const 1)) (i32.const 33))
  (local.get $at))
"""
BAD = {
    "endless": f'(func (export "go") (result i32) {LOOP} i32.const 0)',
    "trap": '(func (export "go") (result i32) unreachable)',
    "stack": '(func $go (export "go") (result i32) (call $go))',
    "memory": """(memory 1) (func (export "go") (result i32)
        (drop (memory.grow (i32.const 9000))) i32.const 0)""",
    "kernel": '(func (export "go") (result i32) (drop (call $alloc (i64.const 900000000))) i32.const 0)',
    "huge": """(func (export "go") (result i32)
        (call $output_set (call $alloc (i64.const 3000000)) (i64.const 3000000)) i32.const 0)""",
    "missing": '(func (export "other") (result i32) i32.const 0)',
    "letters": '(func (export "go") (result i32) (call $error_set (call $say (i32.const 255))) i32.const 1)',
    "silent": '(func (export "go") (result i32) i32.const 7)',
}
WORDS = {
    "endless": "it ran longer than it may, 0.3 s",
    "trap": "it trapped",
    "stack": r"it trapped in <unknown>!go",
    "memory": "more memory than it may have",
    "kernel": "more memory than it may have|trapped",
    "huge": "3000000 bytes, and may have 1000000|a message is too large|ended",
    "missing": "it exports no function 'go'",
    "letters": "UnicodeDecodeError",
    "silent": "error code: 7",
}


def test_it_is_a_runtime() -> None:
    assert isinstance(ExtismRuntime(), DataRuntime)


def test_bytes_go_in_and_out(opened: Opened, wat: Any) -> None:
    guest = opened(wat(ECHO))
    for data in (b"", b"one", "größe".encode(), os.urandom(300_000)):
        assert guest.call("echo", data) == data


def test_a_guest_may_say_no_and_goes_on(opened: Opened, wat: Any) -> None:
    no = '(func (export "no") (result i32) (call $error_set (call $say (i32.const 120))) i32.const 1)'
    guest = opened(wat(SAY + no + ECHO))
    with pytest.raises(GuestRefusedError, match=r"^x!$"):
        guest.call("no", b"")
    assert guest.call("echo", b"still there") == b"still there"


def test_it_reads_its_own_settings(opened: Opened, wat: Any) -> None:
    body = """(func (export "get") (result i32) (local $at i64)
      (local.set $at (call $config_get (call $say (i32.const 107))))
      (call $output_set (local.get $at) (call $length (local.get $at))) i32.const 0)"""
    assert opened(wat(SAY + body), settings={"k!": "value"}).call("get", b"") == b"value"
    assert opened(wat(SAY + body)).call("get", b"") == b""


@pytest.mark.parametrize("kind", BAD)
def test_what_a_guest_does_wrong_is_an_error_with_its_name(opened: Opened, wat: Any, kind: str) -> None:
    guest = opened(
        wat(SAY + BAD[kind] + ECHO), call_seconds=0.3, memory_bytes=32 << 20, output_bytes=1_000_000
    )
    with pytest.raises(PluginError, match=WORDS[kind]) as caught:
        guest.call("go", b"")
    assert str(caught.value).startswith("the guest of test.guest in plugin org.test failed: ")
    assert guest.call("echo", b"a new one") == b"a new one"


@pytest.mark.parametrize("where", ["(start $begin)", '(export "_initialize" (func $begin))'])
def test_a_construction_without_end_is_ended(opened: Opened, wat: Any, where: str) -> None:
    """The library's own time limit does not cover it."""
    guest = opened(wat(f"(func $begin {LOOP}) {where}" + ECHO), start_seconds=0.2)
    began = time.monotonic()
    with pytest.raises(PluginError, match=r"it (started|ran) longer than it may"):
        guest.call("echo", b"")
    assert time.monotonic() - began < 60


def test_sleep_is_no_way_around_the_clock(opened: Opened, wat: Any) -> None:
    """WASI's poll_oneoff sleeps in the host, where no epoch looks; the process is ended."""
    imports = """(import "wasi_snapshot_preview1" "poll_oneoff"
        (func $poll (param i32 i32 i32 i32) (result i32)))"""
    body = """(memory (export "memory") 1)
      (func (export "go") (result i32)
        (i64.store (i32.const 24) (i64.const 600000000000))
        (i32.store (i32.const 16) (i32.const 1))
        (call $poll (i32.const 0) (i32.const 200) (i32.const 1) (i32.const 300)))"""
    with pytest.raises(PluginError, match="longer than it may"):
        opened(wat(body, imports), call_seconds=0.3).call("go", b"")


def test_wasi_shows_nothing(opened: Opened, wat: Any) -> None:
    imports = """
      (import "wasi_snapshot_preview1" "fd_prestat_get" (func $pre (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "environ_sizes_get" (func $env (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
      (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
      (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))"""
    body = """(memory (export "memory") 1) (data (i32.const 64) "etc/passwd")
      (func (export "go") (result i32) (local $at i64)
        (drop (call $env (i32.const 0) (i32.const 4)))
        (local.set $at (call $alloc (i64.const 3)))
        (call $store_u8 (local.get $at) (i32.load (i32.const 0)))
        (call $store_u8 (i64.add (local.get $at) (i64.const 1)) (call $pre (i32.const 3) (i32.const 16)))
        (call $store_u8 (i64.add (local.get $at) (i64.const 2))
          (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 10) (i32.const 0)
            (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 32)))
        (call $output_set (local.get $at) (i64.const 3)) i32.const 0)"""
    variables, preopened, passwd = opened(wat(body, imports)).call("go", b"")
    assert variables == 0
    assert preopened != 0, "no folder is there"
    assert passwd != 0


def test_host_functions_of_others_are_not_there(opened: Opened, wat: Any) -> None:
    """The library hands a guest every function that was ever registered, unless it is told which."""
    code = wat(
        '(func (export "go") (result i32) (call $f) i32.const 0)', '(import "extism:host/user" "f" (func $f))'
    )
    with pytest.raises(PluginError, match="kadr has no functions for guests there"):
        opened(code)


def test_an_answer_from_beyond_its_memory_is_empty(opened: Opened, wat: Any) -> None:
    body = '(func (export "go") (result i32) (call $output_set (i64.const -8) (i64.const -1)) i32.const 0)'
    assert opened(wat(body)).call("go", b"") == b""


def test_threads_wait_for_each_other(opened: Opened, wat: Any) -> None:
    guest, found = opened(wat(ECHO)), []
    threads = [
        threading.Thread(target=lambda n=n: found.append(guest.call("echo", b"%d" % n))) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [b"%d" % n for n in range(8)]


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, wat: Any) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(DependencyMissingError) as caught:
        ExtismRuntime().open(wat(ECHO), DataTerms("org.test", "x"))
    assert caught.value.hint == 'pip install "kadr[extism]"'


# -- what is read before any engine sees it ----------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('(import "extism:host/env" "http_request" (func (param i64 i64) (result i64)))', "no network"),
        ('(import "extism:host/user" "anything" (func))', "kadr has no functions for guests"),
        ('(import "extism:host/env" "exec" (func))', "extism:host/env exec, which no guest gets"),
        ('(import "env" "memory" (memory 1))', "env memory, which no guest gets"),
        ('(import "wasi_unstable" "fd_write" (func))', "wasi_unstable fd_write"),
        ('(import "e\\07vil\\u{202e}" "x" (func))', r"e\\x07vil\\u202e x"),
    ],
)
def test_imports_that_no_guest_gets(wat: Any, text: str, words: str) -> None:
    with pytest.raises(UnfitError, match=words):
        check_module(wat("", text))


def test_every_import_of_ours_is_taken(wat: Any) -> None:
    rows = "".join(f'(import "extism:host/env" "{name}" (func))' for name in sorted(ENV))
    kinds = """(import "wasi_snapshot_preview1" "t" (table 1 2 funcref))
      (import "wasi_snapshot_preview1" "m" (memory 1 2)) (import "wasi_snapshot_preview1" "g" (global i32))"""
    assert check_module(wat("", rows)) is False
    assert check_module(wat("", rows + kinds)) is True


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (b"", "no WebAssembly module"),
        (b"(module)", "no WebAssembly module"),
        (b"\0asm\x0d\0\1\0", "it is a component"),
        (b"\0asm\1\0\0\0\2\xff", "damaged"),
        (b"\0asm\1\0\0\0\2\x05\x01\x09abc", "damaged"),
        (b"\0asm\1\0\0\0\2\x05\xff\xff\xff\xff\x7f", "damaged"),
        (b"\0asm\1\0\0\0\2\x06\x01\x01a\x01b\x09", "damaged"),
        (b"\0asm\1\0\0\0" + b"\2" + b"\x80" * 20, "damaged"),
    ],
)
def test_what_is_no_module(code: bytes, words: str) -> None:
    with pytest.raises(UnfitError, match=words):
        check_module(code)


def test_what_the_reader_takes_and_the_engine_does_not(opened: Opened) -> None:
    with pytest.raises(PluginError, match="it does not start"):
        opened(b"\0asm\1\0\0\0\x0a\x03\x01\x01\x00").call("go", b"")
