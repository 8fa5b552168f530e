"""C. Modules that cost before they run: refused by their sizes, or compiled where it can be ended."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import wasmtime
from kadr_kernel.render.guests import find_guest
from kadr_kernel.sandbox import compiler as compiling
from kadr_kernel.sandbox.compiler import Compiler
from kadr_kernel.sandbox.engine import make_engine
from kadr_kernel.sandbox.faults import ModuleError
from kadr_kernel.sandbox.limits import Limits
from kadr_kernel.sandbox.loading import deserialized
from kadr_kernel.sandbox.module import read_module
from kadr_kernel.sandbox.runtime import CoreRuntime
from kadr_sdk.abi import custom_section, with_sections
from kadr_sdk.errors import PluginError

pytestmark = pytest.mark.usefixtures("well")
LIMITS = Limits()
PLAIN = b"\0asm\1\0\0\0"


@pytest.fixture(autouse=True)
def before_long() -> Iterator[None]:
    """None of them takes the host seconds."""
    began = time.perf_counter()
    yield
    assert time.perf_counter() - began < 30


def leb(number: int) -> bytes:
    found = bytearray()
    while number >= 128:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def section(number: int, body: bytes) -> bytes:
    return bytes([number]) + leb(len(body)) + body


def slow(kit: Any) -> bytes:
    """Inside every limit of size, and seconds of work for the compiler."""
    step = "(if (i32.load (local.get $job)) (then (local.set $job (i32.const 8))))"
    return bytes(kit.binary(kit.process(step * 30_000 + "(i32.const 0)")))


@pytest.mark.case("C34")
def test_a_function_that_takes_for_ever_to_compile_is_refused_before(lab: Any, kit: Any) -> None:
    body = "(if (local.get $job) (then (nop)))" * 40_000 + "(i32.const 0)"
    with pytest.raises(PluginError, match=r"org\.evil is not taken: \d+ bytes in function \d; at most"):
        lab.load(kit.process(body))


@pytest.mark.case("C34")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of processor time")
def test_a_compiler_that_takes_too_long_is_stopped(tmp_path: Path, kit: Any) -> None:
    limits = replace(LIMITS, compile_seconds=1)
    with pytest.raises(ModuleError, match=r"the compiler was stopped; it may use 1 s|took more than 1 s"):
        Compiler(tmp_path, limits).native(slow(kit), guarded=True)


@pytest.mark.case("C34")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_a_compiler_that_takes_too_much_is_stopped(tmp_path: Path, kit: Any) -> None:
    with pytest.raises(ModuleError, match=r"does not compile|the compiler was stopped"):
        Compiler(tmp_path, replace(LIMITS, compile_bytes=160 << 20)).native(slow(kit), guarded=True)


@pytest.mark.case("C35")
@pytest.mark.parametrize(
    ("sections", "text"),
    [
        (
            section(10, leb(200) + (leb(8) + b"\1" + leb(50_000) + b"\x7e" + b"\0\0\x0b") * 200),
            "50000 locals in function 0; at most 4000",
        ),
        (section(3, leb(20_001) + b"\0" * 20_001), "20001 functions; at most 20000"),
        (
            section(10, b"\1" + leb(2_000_000) + b"\0\x0e" + leb(1_000_000) + b"\0" * 1_000_000),
            "bytes in func",
        ),
        (
            section(10, b"\1" + leb(180_002) + b"\0" + b"\x02\x40" * 60_000 + b"\x0b" * 60_001),
            "bytes in func",
        ),
        (section(10, b"\1" + leb(5) + leb(4_001) + b"\0\0\0"), "4001 groups of locals"),
        (section(1, leb(30_000)), "30000 types; at most"),
    ],
)
def test_small_modules_that_are_large(sections: bytes, text: str) -> None:
    with pytest.raises(ModuleError, match=text):
        read_module(PLAIN + sections, LIMITS)


@pytest.mark.case("C35")
def test_blocks_nested_as_deep_as_a_function_can_be(lab: Any, kit: Any) -> None:
    """Inside the limit of size: whatever the compiler says of it, it says it in its process."""
    body = "(block " * 20_000 + ")" * 20_000 + "(i32.const 0)"
    try:
        lab.use(kit.process(body)).frame(kit.call())
    except PluginError as error:
        assert error.data["plugin"] == "org.evil"  # noqa: PT017 - either end will do


@pytest.mark.case("C36")
def test_a_module_of_half_a_gigabyte(lab: Any, kit: Any, tmp_path: Path) -> None:
    """No more of it is read than it takes to refuse it."""
    path = tmp_path / "g.wasm"
    with path.open("wb") as file:
        file.write(PLAIN)
        file.truncate(500 << 20)
    found = SimpleNamespace(id="test.guest", plugin="org.evil", file="g.toml")
    data = {"id": "test.guest", "version": 1, "title": "T", "implementations": ["wasm"], "wasm": "g.wasm"}
    catalogue: Any = SimpleNamespace(
        describe=lambda *_: data, find=lambda *_: found, resource=lambda *_: path, load=lambda *_: lab.runtime
    )
    with pytest.raises(
        PluginError, match=r"org\.evil is not taken: the module has 67108864 bytes; at most 16777216"
    ):
        find_guest(catalogue, "effect", "test.guest")


@pytest.mark.case("C36")
@pytest.mark.parametrize(
    ("sections", "text"),
    [
        (section(7, leb(1_000_000) + b"\1a\0\0" * 1_000_000), "1000000 exports; at most 1000"),
        (section(2, leb(1_000_000)), "1000000 imports; at most 1000"),
        (section(0, b"\1x") * 201, "more than 200 sections"),
        (section(0, leb(5_000) + b"n" * 5_000), "5000 bytes in a name"),
        (section(4, leb(1_000)), "1000 tables; at most"),
        (b"\x01\xff\xff\xff\xff\x0f", "ends in the middle"),
        (b"\x01\x80\x80\x80\x80\x80\x00", "is too large"),
    ],
)
def test_counts_without_end(sections: bytes, text: str) -> None:
    with pytest.raises(ModuleError, match=text):
        read_module(PLAIN + sections, LIMITS)


@pytest.mark.case("C36")
def test_names_and_sections_that_are_there_twice(lab: Any, kit: Any) -> None:
    """A section of names of 4 MB is passed over; the sections of the ABI there may be once."""
    module = kit.binary(kit.COPY)
    names = custom_section("name", b"\1" + leb(4 << 20) + bytes(4 << 20))
    guest = lab.runtime.load(module + names + names, kit.declared(), "org.evil")
    guest.bind("fail").close()
    with pytest.raises(PluginError, match=r"2 sections kadr\.abi"):
        lab.runtime.load(with_sections(module), kit.declared(), "org.evil")
    code = module + custom_section("kadr.effect", b"{}") * 2
    with pytest.raises(PluginError, match=r"2 sections kadr\.effect"):
        lab.runtime.load(code, kit.declared(), "org.evil")


@pytest.mark.case("C37")
def test_native_code_that_somebody_changed(tmp_path: Path, kit: Any) -> None:
    """A byte in the middle, the end cut off, another module's file, one of another folder."""
    ours, theirs = Compiler(tmp_path / "a", LIMITS), Compiler(tmp_path / "b", LIMITS)
    code, other = kit.binary(kit.COPY), kit.binary(kit.process("(i32.const 1)"))
    native = ours.native(code, guarded=True)
    file = next((tmp_path / "a").glob("*.native"))
    whole = file.read_bytes()
    theirs.native(code, guarded=True)
    foreign = next((tmp_path / "b").glob("*.native")).read_bytes()
    ours.native(other, guarded=True)
    second = next(p for p in (tmp_path / "a").glob("*.native") if p != file).read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    for changed in (flipped, whole[:-1], whole[:16], b"", foreign, second):
        file.write_bytes(changed)
        assert ours._recall(file.name) is None
    assert ours.native(code, guarded=True) == native
    assert file.read_bytes() == whole


@pytest.mark.case("C37")
@pytest.mark.parametrize("guarded", [True, False])
def test_native_code_is_for_its_engine_alone(kit: Any, guarded: bool) -> None:
    code = bytes(wasmtime.Module(make_engine(guarded=guarded), kit.binary(kit.COPY)).serialize())
    deserialized(make_engine(guarded=guarded), code)
    with pytest.raises(ModuleError, match="does not load"):
        deserialized(make_engine(guarded=not guarded), code)


@pytest.mark.case("C38")
@pytest.mark.parametrize("ending", ["os.abort()", "os._exit(3)", "sys.exit(1)", "os.kill(os.getpid(), 9)"])
def test_a_compiler_that_crashes_takes_nothing_down(
    tmp_path: Path, kit: Any, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a defect of the engine would on bytes that are made for it."""
    run = subprocess.run

    def crashing(command: list[str], **more: Any) -> Any:
        return run([command[0], "-c", f"import os, sys; sys.stdin.buffer.read(); {ending}"], **more)

    monkeypatch.setattr(compiling.subprocess, "run", crashing)
    runtime = CoreRuntime(tmp_path)
    with pytest.raises(PluginError, match=r"org\.evil is not taken: the compiler was stopped"):
        runtime.load(kit.binary(kit.COPY), kit.declared(), "org.evil")
    monkeypatch.undo()
    runtime.close()


@pytest.mark.case("C38")
@pytest.mark.parametrize("place", [8, 20, 60, 120, -12])
def test_invalid_bytes_are_refused_and_nothing_more(tmp_path: Path, kit: Any, place: int) -> None:
    data = bytearray(kit.binary(kit.COPY))
    data[place : place + 3] = b"\xff\xfe\xfd"
    with pytest.raises(PluginError, match=r"org\.evil is not taken") as caught:
        CoreRuntime(tmp_path).load(bytes(data), kit.declared(), "org.evil")
    assert caught.value.message.isprintable()
