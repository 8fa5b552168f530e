"""Guests as text, compiled to binaries with the ABI's sections, and a runtime for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import wasmtime
from kadr_kernel.permissions import Grants, PermissionGate, Policy, Rule, Subject
from kadr_kernel.permissions.confinement import Confinement
from kadr_kernel.sandbox.compiler import Compiler
from kadr_kernel.sandbox.counters import Counters
from kadr_kernel.sandbox.engine import make_engine
from kadr_kernel.sandbox.faults import ModuleError
from kadr_kernel.sandbox.host_calls import HostCalls, PluginHost
from kadr_kernel.sandbox.host_table import HOST_FUNCTIONS
from kadr_kernel.sandbox.house import House
from kadr_kernel.sandbox.limits import Limits
from kadr_kernel.sandbox.runtime import CoreRuntime
from kadr_sdk.abi import with_sections
from kadr_sdk.color import BT709
from kadr_sdk.effects import EffectDeclaration, FrameCall
from kadr_sdk.events import Event
from kadr_sdk.frames import VideoFrame
from kadr_sdk.permissions import PermissionSet
from kadr_sdk.text import printable

QUICK = Limits(call_seconds=0.15, start_seconds=0.15, working_bytes=16 << 20)

COMMON = """
  (memory (export "memory") 1)
  (global $heap (mut i32) (i32.const 4096))
  (func (export "kadr_abi") (result i32) (i32.const 1))
  (func $alloc (export "kadr_alloc") (param $size i32) (result i32) (local $at i32) (local $pages i32)
    (local.set $at (global.get $heap))
    (global.set $heap (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 63))
                               (i32.const -64)))
    (local.set $pages (i32.sub (i32.shr_u (i32.add (global.get $heap) (i32.const 65535)) (i32.const 16))
                               (memory.size)))
    (if (i32.gt_s (local.get $pages) (i32.const 0))
      (then (if (i32.eq (memory.grow (local.get $pages)) (i32.const -1)) (then (return (i32.const 0))))))
    (local.get $at))
"""

COPY = """
  ;; every plane of the first input to the output
  (func (export "kadr_process") (param $job i32) (result i32)
    (local $in i32) (local $out i32) (local $p i32) (local $n i32)
    (local.set $in (i32.add (i32.load offset=80 (local.get $job)) (i32.const 64)))
    (local.set $out (i32.add (i32.load offset=88 (local.get $job)) (i32.const 64)))
    (local.set $n (i32.load offset=60 (i32.load offset=88 (local.get $job))))
    (loop $next
      (memory.copy (i32.load (local.get $out)) (i32.load (local.get $in))
        (i32.mul (i32.load offset=4 (local.get $in)) (i32.load offset=12 (local.get $in))))
      (local.set $in (i32.add (local.get $in) (i32.const 16)))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $p) (local.get $n))))
    (i32.const 0))
"""


def process(body: str) -> str:
    """A module whose process function has this body (``$job`` is the parameter)."""
    return f'{COMMON} (func (export "kadr_process") (param $job i32) (result i32) {body})'


def binary(text: str, declaration: bytes = b"", version: int = 1) -> bytes:
    """Module fields as text to a guest."""
    return with_sections(bytes(wasmtime.wat2wasm(f"(module {text})")), declaration, version)


def declared(**more: Any) -> EffectDeclaration:
    """A declaration of a filter."""
    data = {"id": "test.guest", "version": 1, "title": "T", "implementations": ["wasm"], "wasm": "g.wasm"}
    return EffectDeclaration.from_dict(data | more)


def picture(number: int = 0, width: int = 70, height: int = 34, format: str = "yuv420p") -> VideoFrame:
    """A frame whose planes hold different numbers."""
    frame = VideoFrame.empty(format, width, height, BT709)
    for index, plane in enumerate(frame.planes):
        plane[...] = 20 + 3 * index + number
        plane[0, 0] = 99
    return frame


def call(number: int = 0, *inputs: list[VideoFrame], **more: Any) -> FrameCall:
    """A call for a frame; without inputs, of one picture."""
    frames = list(inputs) or [[picture(number)]]
    first = frames[0][0]
    made = FrameCall(
        frames, {}, number, Fraction(25), Fraction(number, 25), Fraction(4), number / 100, 7,
        first.width, first.height, first.format, first.color,
    )  # fmt: skip
    return replace(made, **more)


class Warned(list[tuple[str, str, str]]):
    """Collects warnings."""

    def __call__(self, message: str, path: str, hint: str) -> None:
        self.append((message, path, hint))


class Lab:
    """Loads guests from text and makes frames with them."""

    def __init__(self, runtime: CoreRuntime) -> None:
        self.runtime = runtime
        self.warned = Warned()
        self._open: list[Any] = []

    def load(self, text: str, plugin: str = "org.evil", **declaration: Any) -> Any:
        return self.runtime.load(binary(text), declared(**declaration), plugin)

    def use(self, text: str, on_failure: str = "fail", plugin: str = "org.evil", **declaration: Any) -> Any:
        bound = self.load(text, plugin, **declaration).bind(on_failure)
        self._open.append(bound)
        return bound.effect(self.warned)

    def close(self) -> None:
        for bound in self._open:
            bound.close()


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of compiled code that all tests of a worker share.

    What goes there is compiled in this process: a child for each of hundreds of guests is most of
    what these tests cost, and the child and its limits have tests of their own.
    """
    folder = tmp_path_factory.mktemp("compiled")
    engines = {kind: make_engine(guarded=kind == "guarded") for kind in ("guarded", "trusted")}
    in_a_child = Compiler._compile

    def compile(self: Compiler, code: bytes, kind: str) -> bytes:
        if self._folder != folder or kind not in engines:
            return in_a_child(self, code, kind)
        try:
            return bytes(wasmtime.Module(engines[kind], code).serialize())
        except wasmtime.WasmtimeError as error:
            words = printable(error, 300)
        # Not within the handler: the engine's error, which gives memory back, would live as its context.
        raise ModuleError(f"it does not compile: {words}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compiler, "_compile", compile)
        yield folder


@pytest.fixture
def lab(compiled: Path) -> Iterator[Lab]:
    runtime = CoreRuntime(compiled, QUICK)
    made = Lab(runtime)
    yield made
    made.close()
    runtime.close()


@pytest.fixture
def apart(compiled: Path) -> Iterator[Lab]:
    """As ``lab``, with every guest in a process of its own."""
    asked = {"seconds": 0.15, "start_seconds": 0.3, "memory_mb": 16.0}
    house = House(confinement=lambda *_: Confinement(isolation="process"), asked=lambda _plugin: asked)
    runtime = CoreRuntime(compiled, house=house)
    made = Lab(runtime)
    yield made
    made.close()
    runtime.close()


class Kit:
    """The builders of this module, for tests (test modules do not import each other)."""

    COMMON = COMMON
    COPY = COMMON + COPY
    QUICK = QUICK
    process = staticmethod(process)
    binary = staticmethod(binary)
    declared = staticmethod(declared)
    picture = staticmethod(picture)
    call = staticmethod(call)


@pytest.fixture
def kit() -> type[Kit]:
    return Kit


PLUGIN = "org.asks"
ALL = ("log", "progress", "config", "storage", "read:*", "net:*")
# Answers its function's status as the first four bytes of the picture, and what it got behind them.
GUEST = """
  (import "kadr" "{name}" (func $f {kind}))
  {common}
  (data (i32.const 1024) "{text}")
  (func (export "kadr_process") (param $job i32) (result i32) (local $out i32)
    (local.set $out (i32.load offset=64 (i32.load offset=88 (local.get $job))))
    (i32.store (local.get $out) (call $f {arguments}))
    (memory.copy (i32.add (local.get $out) (i32.const 4)) (i32.const 2048) (i32.const 60))
    (i32.const 0))
"""


def guest(kit: Any, name: str, arguments: str, text: str = "") -> str:
    kind = "(param" + " i32" * HOST_FUNCTIONS[name].width + ") (result i32)"
    return GUEST.format(name=name, kind=kind, common=kit.COMMON, arguments=arguments, text=text)


def numbers(*values: int) -> str:
    return " ".join(f"(i32.const {value})" for value in values)


class Asked:
    """A runtime whose plugin asked for and was granted some permissions."""

    ALL = ALL
    guest = staticmethod(guest)
    numbers = staticmethod(numbers)

    def __init__(self, compiled: Path, folder: Path, kit: Any) -> None:
        self._compiled, self._folder, self._kit = compiled, folder, kit
        self.events: list[Event] = []
        self.settings: dict[str, Any] = {"size": 3, "name": "\N{SNOWMAN}"}
        self.open: list[Any] = []
        self.cancelled = False

    def gate(self, asked: tuple[str, ...] = ALL, granted: tuple[str, ...] = ALL, deny: str = "") -> Any:
        rules = tuple(Rule("trust", plugin=PLUGIN, permission=p) for p in granted)
        rules += (Rule("deny", permission=deny),) if deny else ()
        gate = PermissionGate(Grants(self._folder), Policy(rules))
        gate.admit(Subject(PLUGIN, "dist:asks", "1.0", PermissionSet.of(asked), runtime="wasm"))
        return gate

    def house(self, gate: Any, isolation: str = "in_process") -> House:
        return House(
            keys=gate,
            confinement=(lambda *_: Confinement(isolation=isolation)) if isolation == "process" else None,
            settings=lambda _plugin: self.settings,
            storage=self._folder / "guests",
            publish=self.events.append,
        )

    def load(self, text: str, gate: Any, limits: Limits | None = None, isolation: str = "in_process") -> Any:
        house = self.house(gate, isolation)
        runtime = CoreRuntime(self._compiled, limits or self._kit.QUICK, house=house)
        self.open.append(runtime)
        declared = self._kit.declared(deterministic="none")
        return runtime.load(self._kit.binary(text), declared, PLUGIN)

    def run(
        self, name: str, arguments: str, text: str = "", gate: Any = None, frames: int = 1
    ) -> tuple[int, bytes]:
        """Status and what was written to 2048 of the last of some frames."""
        bound = self.load(guest(self._kit, name, arguments, text), gate or self.gate()).bind(
            "fail", lambda: self.cancelled
        )
        self.open.append(bound)
        effect = bound.effect(lambda *_: None)
        for number in range(frames):
            row = effect.frame(self._kit.call(number)).planes[0][0].tobytes()
        self.counters = bound.numbers()
        return int.from_bytes(row[:4], "little", signed=True), row[4:64].rstrip(b"\0")

    def direct(self, gate: Any = None, limits: Limits | None = None, **more: Any) -> HostCalls:
        """The functions without a guest."""
        host = PluginHost(PLUGIN, self.house(gate or self.gate()), limits or Limits(), **more)
        return HostCalls(host, "test.guest", Counters(), lambda: self.cancelled)


@pytest.fixture
def asked(compiled: Path, tmp_path: Path, kit: Any) -> Iterator[Asked]:
    made = Asked(compiled, tmp_path, kit)
    yield made
    for one in reversed(made.open):
        one.close()
