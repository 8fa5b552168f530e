"""Compiling apart, and the folder of what was compiled."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.sandbox.compiler import Compiler
from kadr_kernel.sandbox.engine import Ticker
from kadr_kernel.sandbox.faults import ModuleError
from kadr_kernel.sandbox.limits import Limits
from kadr_kernel.sandbox.runtime import CoreRuntime


class Counting(Compiler):
    """Counts what is really compiled."""

    made = 0

    def _compile(self, code: bytes, kind: str) -> bytes:
        self.made += 1
        return super()._compile(code, kind)


def test_compiled_once_and_kept_privately(tmp_path: Path, kit: Any) -> None:
    folder = tmp_path / "a" / "guests"
    compiler = Counting(folder, Limits())
    code = kit.binary(kit.COPY)
    native = compiler.native(code, guarded=True)
    assert Counting(folder, Limits()).native(code, guarded=True) == native
    assert compiler.native(code, guarded=True) == native
    assert compiler.made == 1
    assert compiler.native(code, guarded=False) != native
    if os.name != "nt":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}


def test_a_file_that_was_touched_is_made_again(tmp_path: Path, kit: Any) -> None:
    compiler = Counting(tmp_path, Limits())
    code = kit.binary(kit.COPY)
    native = compiler.native(code, guarded=True)
    file = next(tmp_path.glob("*.native"))
    data = bytearray(file.read_bytes())
    for change in (lambda: data.__setitem__(-100, data[-100] ^ 1), lambda: data.__delitem__(slice(40, None))):
        change()
        file.write_bytes(data)
        before = compiler.made
        assert compiler.native(code, guarded=True) == native
        assert compiler.made == before + 1


def test_a_file_from_another_folder_or_of_another_module_is_not_taken(tmp_path: Path, kit: Any) -> None:
    ours, theirs = Counting(tmp_path / "ours", Limits()), Counting(tmp_path / "theirs", Limits())
    code, other = kit.binary(kit.COPY), kit.binary(kit.process("(i32.const 1)"))
    native = ours.native(code, guarded=True)
    theirs.native(code, guarded=True)
    theirs.native(other, guarded=True)
    file = next((tmp_path / "ours").glob("*.native"))
    for foreign in (tmp_path / "theirs").glob("*.native"):
        file.write_bytes(foreign.read_bytes())
        assert ours.native(code, guarded=True) == native
    assert ours.made == 3


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path, kit: Any) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    compiler = Counting(tmp_path / "file" / "guests", Limits())
    assert compiler.native(kit.binary(kit.COPY), guarded=True)
    assert compiler.made == 1


def slow(kit: Any) -> bytes:
    """A module whose one function takes the compiler seconds."""
    step = "(if (i32.load (local.get $job)) (then (local.set $job (i32.const 8))))"
    return bytes(kit.binary(kit.process(step * 30_000 + "(i32.const 0)")))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of processor time")
def test_a_compiler_that_takes_too_long_is_stopped(tmp_path: Path, kit: Any) -> None:
    compiler = Compiler(tmp_path, replace(Limits(), compile_seconds=1))
    with pytest.raises(
        ModuleError,
        match=r"the compiler was stopped; it may use 1 s and 2048 MiB|took more than 1 s",
    ):
        compiler.native(slow(kit), guarded=True)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_a_compiler_that_takes_too_much_is_stopped(
    tmp_path: Path, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUST_BACKTRACE", "1")  # with which the engine hangs now and then
    compiler = Compiler(tmp_path, replace(Limits(), compile_bytes=160 << 20))
    with pytest.raises(ModuleError, match=r"does not compile|the compiler was stopped"):
        compiler.native(slow(kit), guarded=True)


def test_a_trusted_digest_runs_without_a_deadline(compiled: Path, kit: Any) -> None:
    import hashlib

    code = kit.binary(kit.COPY)
    digest = hashlib.sha256(code).hexdigest()
    for trusted, guarded in (((), True), ((digest.upper(),), False), (("0" * 64,), True)):
        runtime = CoreRuntime(compiled, trusted=trusted)
        guest = runtime.load(code, kit.declared(), "org.any")
        assert guest.code.guarded is guarded
        bound = guest.bind("fail")
        assert bound.effect(print).frame(kit.call()).planes[0][1, 1] == 20
        bound.close()
        runtime.close()


def test_deadlines_are_counted_in_whole_ticks() -> None:
    assert [Ticker.ticks(s) for s in (0.001, 0.005, 0.0051, 1.0)] == [2, 2, 3, 201]
