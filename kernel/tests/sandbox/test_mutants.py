"""Mutated guests that do compile, run: whatever they do, the host lives and names them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import wasmtime
from kadr_kernel.sandbox.engine import Engines, make_engine
from kadr_kernel.sandbox.faults import GuestError, ModuleError
from kadr_kernel.sandbox.instance import Instance
from kadr_kernel.sandbox.layout import layout_of
from kadr_kernel.sandbox.limits import Limits
from kadr_kernel.sandbox.machine import LocalCode
from kadr_kernel.sandbox.module import read_module

LIMITS = Limits(call_seconds=0.02, start_seconds=0.02, working_bytes=4 << 20)


def test_mutants(kit: Any) -> None:
    rng = random.Random(11)
    whole = kit.binary(kit.COPY)
    engine, ticker = (engines := Engines()).get(guarded=True)
    call = kit.call()
    layout = layout_of(kit.declared(), call, 0, 256)
    ran = failed = refused = 0
    for _ in range(2500):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(8, len(data))] = rng.choice([rng.randrange(256), 0, 0x7F, 0x80, 0xFF])
        try:
            facts = read_module(bytes(data), LIMITS)
            module = wasmtime.Module(engine, bytes(data))  # small: compiled here, for the sake of time
        except (ModuleError, wasmtime.WasmtimeError):
            refused += 1
            continue
        try:
            instance = Instance(LocalCode(module, engine, ticker, facts, LIMITS, True), layout)
            instance.run(call, lambda _at: (b"", b""))
            picture = instance.picture(call)
            assert [p.shape for p in picture.planes] == [p.shape for p in kit.picture().planes]
            instance.close()
            ran += 1
        except GuestError:
            failed += 1
    engines.close()
    assert min(ran, failed, refused) > 20


@pytest.mark.parametrize("guarded", [True, False])
def test_native_code_is_for_its_engine_alone(kit: Any, guarded: bool, tmp_path: Path) -> None:
    from kadr_kernel.sandbox.loading import deserialized

    code = bytes(wasmtime.Module(make_engine(guarded=guarded), kit.binary(kit.COPY)).serialize())
    deserialized(make_engine(guarded=guarded), code)
    with pytest.raises(ModuleError, match="does not load"):
        deserialized(make_engine(guarded=not guarded), code)
