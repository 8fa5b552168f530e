"""Versions of the ABI: unknown ones are refused with both numbers, older ones met by an adapter."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.permissions.confinement import Confinement
from kadr_kernel.sandbox import compiler
from kadr_kernel.sandbox.faults import ModuleError
from kadr_kernel.sandbox.host_link import HostHandler
from kadr_kernel.sandbox.house import House
from kadr_kernel.sandbox.limits import Limits
from kadr_kernel.sandbox.machine import Code, Machine
from kadr_kernel.sandbox.module import ModuleFacts
from kadr_kernel.sandbox.runtime import CoreRuntime
from kadr_kernel.sandbox.versions import ADAPTERS, check_version
from kadr_sdk.errors import PluginError, RenderError

PROGRESS = 40
# Fills the first plane with its progress as a whole number.
GUEST = """(memory.fill
    (i32.load offset=64 (i32.load offset=88 (local.get $job)))
    (i32.trunc_f64_u (f64.load offset=40 (local.get $job))) (i32.const 64)) (i32.const 0)"""
OLD = '(func (export "kadr_abi") (result i32) (i32.const 0))'


class Hundredths:
    """Version 0 counts progress from 0 to 100: a machine that translates it."""

    def __init__(self, inner: Machine) -> None:
        self._inner = inner

    @property
    def size(self) -> int:
        return self._inner.size

    def call(self, name: str, *arguments: int, seconds: float) -> int:
        if name == "kadr_process":
            block = arguments[0] + PROGRESS, 8
            (progress,) = struct.unpack("<d", self._inner.read([block])[0].tobytes())
            self._inner.room(*block)[...] = memoryview(struct.pack("<d", progress * 100))
        return self._inner.call(name, *arguments, seconds=seconds)

    def room(self, pointer: int, size: int) -> Any:
        return self._inner.room(pointer, size)

    def clear(self, pointer: int, size: int) -> None:
        self._inner.clear(pointer, size)

    def expect(self, blocks: Sequence[tuple[int, int]]) -> None:
        self._inner.expect(blocks)

    def read(self, blocks: Sequence[tuple[int, int]]) -> list[Any]:
        return self._inner.read(blocks)

    def close(self) -> None:
        self._inner.close()


class Older:
    """Code of version 0 as code of version 1."""

    def __init__(self, inner: Code) -> None:
        self._inner = inner

    @property
    def facts(self) -> ModuleFacts:
        return self._inner.facts

    @property
    def limits(self) -> Limits:
        return self._inner.limits

    def start(self, memory_bytes: int, handler: HostHandler | None = None) -> Machine:
        return Hundredths(self._inner.start(memory_bytes, handler))


@pytest.fixture(params=["in_process", "process"])
def runtime(request: pytest.FixtureRequest, compiled: Path) -> Iterator[CoreRuntime]:
    house = House(confinement=lambda *_: Confinement("full", "full", request.param))
    made = CoreRuntime(compiled, house=house, adapters={0: Older})
    yield made
    made.close()


def filled(runtime: CoreRuntime, kit: Any, text: str, version: int) -> int:
    """The first pixel that a guest makes half-way."""
    bound = runtime.load(kit.binary(text, version=version), kit.declared(), "org.old").bind("fail")
    frame: Any = bound.effect(lambda *_: None).frame(kit.call(0, progress=0.5))  # type: ignore[union-attr] # of pictures
    bound.close()
    return int(frame.planes[0][0, 0])


def test_an_older_guest_works_beside_a_present_one(runtime: CoreRuntime, kit: Any) -> None:
    present = kit.process(GUEST)
    older = present.replace('(func (export "kadr_abi") (result i32) (i32.const 1))', OLD)
    assert older != present
    assert filled(runtime, kit, older, 0) == 50
    assert filled(runtime, kit, present, 1) == 0
    assert filled(runtime, kit, older, 0) == 50


def test_a_guest_that_denies_its_version_is_stopped(compiled: Path, kit: Any) -> None:
    """What the function says is compared with its own section, not with the host's number."""
    runtime = CoreRuntime(compiled, adapters={0: Older})
    with pytest.raises(RenderError, match="kadr_abi says 1; its section says 0"):
        filled(runtime, kit, kit.process(GUEST), 0)
    runtime.close()


def test_there_is_one_version_and_no_adapter() -> None:
    assert not ADAPTERS
    check_version(1)


@pytest.mark.parametrize(
    ("version", "adapters", "says", "remedy"),
    [
        (0, (), "frame ABI 0, and this kadr speaks 1", "build it with a current SDK"),
        (2, (), "frame ABI 2, and this kadr speaks 1", "update kadr"),
        (2**32 - 1, (0,), "frame ABI 4294967295, and this kadr speaks 0, 1", "update kadr"),
    ],
)
def test_an_unknown_version(version: int, adapters: tuple[int, ...], says: str, remedy: str) -> None:
    with pytest.raises(ModuleError, match=says) as caught:
        check_version(version, adapters)
    assert caught.value.hint == remedy


def test_an_unknown_version_is_not_compiled(
    tmp_path: Path, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> bytes:
        raise AssertionError("compiled")

    monkeypatch.setattr(compiler.Compiler, "native", never)
    runtime = CoreRuntime(tmp_path)
    with pytest.raises(PluginError, match="it speaks frame ABI 7, and this kadr speaks 1") as caught:
        runtime.load(kit.binary(kit.COPY, version=7), kit.declared(), "org.new")
    assert caught.value.data["plugin"] == "org.new"
    runtime.close()
