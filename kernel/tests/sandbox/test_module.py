"""Modules that are not taken, and why: said before anything is compiled or run."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.sandbox.declared import check_declared
from kadr_kernel.sandbox.faults import ModuleError
from kadr_kernel.sandbox.limits import Limits
from kadr_kernel.sandbox.module import read_module
from kadr_sdk.abi import custom_section, with_sections
from kadr_sdk.errors import PluginError, RenderError

LIMITS = Limits()
PLAIN = b"\0asm\1\0\0\0"


def swapped(text: str, name: str, instead: str) -> str:
    """The guest with an export under another name, and something else under its own."""
    return text.replace(f'"{name}"', f'"x_{name}"') + instead


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "not a WebAssembly binary"),
        (b"(module)", r"not a WebAssembly binary"),
        (PLAIN[:4] + b"\x0d\0\1\0", "not a core module of version 1"),
        (PLAIN + b"\0", "ends in the middle"),
        (PLAIN + b"\x01\xff\xff\xff\xff\x0f", "the module ends in the middle"),
        (PLAIN + b"\x01\xff\xff\xff\xff\x7f", "a number in the module is too large"),
        (PLAIN + b"\x01\x80\x80\x80\x80\x80\x00", "a number in the module is too large"),
        (PLAIN + b"\0\2\1\xff", "a name in section 0 is not UTF-8"),
        (PLAIN + b"\x03\5\xff\xff\xff\xff\x0f", "4294967295 functions; at most 20000 are taken"),
        (PLAIN + b"\0\2\1x" * 201, "more than 200 sections"),
        (PLAIN + bytes(17 << 20), "bytes; at most 16777216 are taken"),
        (PLAIN, "no sections kadr.abi; there must be one"),
        (PLAIN + custom_section("kadr.abi", b"\1"), "has 1 bytes; there must be four"),
        (with_sections(PLAIN, version=2), "it speaks frame ABI 2, and this kadr speaks 1"),
        (with_sections(PLAIN, version=0), "it speaks frame ABI 0, and this kadr speaks 1"),
        (with_sections(with_sections(PLAIN)), "2 sections kadr.abi"),
        (with_sections(PLAIN), "it exports no memory"),
        (with_sections(PLAIN, b" " * (300 << 10)), "it exports no memory"),
    ],
)
def test_bytes_that_are_no_guest(data: bytes, text: str) -> None:
    with pytest.raises(ModuleError, match=text):
        read_module(data, LIMITS)


CASES = {
    "an import": ('(import "wasi_snapshot_preview1" "fd_write" (func)) ', "imports wasi_snapshot_preview1"),
    "two imports": ('(import "a" "b" (func)) (import "a" "c" (func)) ', "imports a.b and 1 more"),
    "imported memory": ('(import "env" "memory" (memory 1)) ', "it imports env.memory"),
}


@pytest.mark.parametrize("name", CASES)
def test_imports(kit: Any, name: str) -> None:
    before, text = CASES[name]
    module = kit.COPY.replace('(memory (export "memory") 1)', '(export "memory" (memory 0))') if (
        "memory" in before
    ) else kit.COPY  # fmt: skip
    with pytest.raises(ModuleError, match=f"{text}.*a guest gets nothing"):
        read_module(kit.binary(before + module), LIMITS)


@pytest.mark.parametrize(
    ("name", "instead", "text"),
    [
        ("kadr_process", "", r"exports no function kadr_process"),
        ("kadr_process", '(func (export "kadr_process"))', r"kadr_process is \(\) -> \(\)"),
        (
            "kadr_process",
            '(func (export "kadr_process") (param i64) (result i32) (i32.const 0))',
            r"kadr_process is \(i64\) -> \(i32\)",
        ),
        ("kadr_process", '(global (export "kadr_process") i32 (i32.const 0))', "kadr_process is no function"),
        ("kadr_alloc", '(func (export "kadr_alloc") (result v128) (unreachable))', r"\(\) -> \(v128\)"),
        ("kadr_abi", '(func (export "kadr_abi") (result f64) (f64.const 1))', r"kadr_abi is \(\) -> \(f64\)"),
        ("memory", '(func (export "memory"))', "it exports no memory"),
        ("nothing", '(func (export "kadr_reset") (param i32))', r"kadr_reset is \(i32\) -> \(\)"),
    ],
)
def test_exports_of_wrong_types(kit: Any, name: str, instead: str, text: str) -> None:
    with pytest.raises(ModuleError, match=text):
        read_module(kit.binary(swapped(kit.COPY, name, instead)), LIMITS)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ('"memory") 1)', '"memory") 9000)', "begins with 589824000 bytes of memory"),
        ('"memory") 1)', '"memory") 1) (memory 1)', "2 memories; at most 1"),
        ('"memory") 1)', '"memory") 1 2 shared)', "a memory of kind 3"),
        ('"memory") 1)', '"memory") i64 1)', "a memory of kind 4"),
        ('"memory") 1)', '"memory") 1)' + "(table 1 funcref)" * 5, "5 tables; at most 4"),
        ("(local $pages i32)", "(local $pages i32)" + "(local i64)" * 5000, "in function 1; at most 4000"),
    ],
)
def test_limits(kit: Any, old: str, new: str, text: str) -> None:
    with pytest.raises(ModuleError, match=text):
        read_module(kit.binary(kit.COPY.replace(old, new)), LIMITS)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ("(func (param v128) (drop (i32x4.relaxed_trunc_f32x4_s (local.get 0))))", "relaxed"),
        ("(func $r (return_call $r))", "tail"),
        ("(tag $t) (func (throw $t))", "exceptions"),
        ("(func (atomic.fence))", "threads"),
        ("(func (param i64 i64) (drop (drop (i64.add128 (local.get 0) (i64.const 0) (i64.const 0)"
         " (i64.const 0)))))", "wide arithmetic"),
        ("(func (param funcref) (drop (ref.as_non_null (local.get 0))))", "function references|function-ref"),
    ],
)  # fmt: skip
def test_features_that_are_off_do_not_compile(lab: Any, kit: Any, fields: str, text: str) -> None:
    with pytest.raises(PluginError, match=rf"plugin org\.evil is not taken: it does not compile: .*{text}"):
        lab.load(kit.COPY + fields)


def test_a_table_that_is_too_large_is_not_made(lab: Any, kit: Any) -> None:
    effect = lab.use(kit.COPY + "(table 1000000 funcref)")
    with pytest.raises(RenderError, match="table minimum size"):
        effect.frame(kit.call())


def test_facts(kit: Any) -> None:
    facts = read_module(kit.binary(kit.COPY + '(func (export "kadr_reset"))', b"{}"), LIMITS)
    assert facts.functions == {"kadr_abi", "kadr_alloc", "kadr_process", "kadr_reset"}
    assert (facts.version, facts.declaration, facts.memory_bytes) == (1, b"{}", 65536)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"\xff", "utf-8"),
        (b"[]", "a table is expected"),
        (b'{"id": 1, "id": 2}', "a key is given twice"),
        (b'{"id": "a.b", "version": NaN, "title": ""}', "NaN is not a number"),
        (b'{"id": "a.b", "version": 1e999, "title": ""}', "1e999 is not a number"),
        (b"[" * 100_000, "."),
        (b'{"id": "a.b", "version": 1, "title": "", "nonsense": 1}', "unknown key 'nonsense'"),
        (b'{"id": "\\ud800", "version": 1, "title": ""}', "."),
        (b'{"id": 5, "version": 1, "title": ""}', "."),
        (
            b'{"id":"a.b","version":1,"title":"","params":[{"name":"x","type":"float","default":2,"max":1}]}',
            "outside",
        ),
        (b'{"id": "a.b", "version": 1, "title": "", "params": [1]}', "a parameter is a table"),
    ],
)
def test_declarations_that_are_none(kit: Any, text: bytes, why: str) -> None:
    with pytest.raises(ModuleError, match=f"its declaration is broken: .*{why}"):
        check_declared(text, kit.declared())


def test_a_declaration_that_differs_from_the_descriptor(lab: Any, kit: Any) -> None:
    own = {"id": "test.guest", "version": 2, "title": "T", "implementations": ["wasm"], "halo": 3}
    code = kit.binary(kit.COPY, json.dumps(own).encode())
    with pytest.raises(PluginError, match=r"org\.evil is not taken: .*different things: version, halo"):
        lab.runtime.load(code, kit.declared(), "org.evil")
    lab.runtime.load(code, kit.declared(version=2, halo=3), "org.evil")


def test_a_declaration_that_is_too_long(kit: Any) -> None:
    with pytest.raises(ModuleError, match="the declaration has 300000 bytes; at most 262144 are taken"):
        read_module(kit.binary(kit.COPY, b" " * 300_000), LIMITS)


def test_the_built_in_guests_are_taken() -> None:
    folder = Path(__file__).resolve().parents[3] / "builtin_plugins/wasm_effects/src/kadr_wasm_effects/guests"
    names = sorted(folder.glob("*.wasm"))
    assert len(names) >= 3
    for path in names:
        facts = read_module(path.read_bytes(), LIMITS)
        declared = tomllib.loads(path.with_suffix(".toml").read_text("utf-8"))
        declared.pop("wasm")
        assert json.loads(facts.declaration) == declared
