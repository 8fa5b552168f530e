"""What holds an instance: memory by the frame, views for one call, signals that stay traps."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

# Grows by 6 MiB while it runs, then fills the picture: a view from before would be the wrong place.
GROWS = (
    "(drop (memory.grow (i32.const 100)))"
    "(memory.fill (i32.load offset=64 (i32.load offset=88 (local.get $job)))"
    " (i32.wrap_i64 (i64.load offset=8 (local.get $job))) (i32.const 2000)) (i32.const 0)"
)
TAKE_ALL = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (i32.const 0)"


@pytest.mark.parametrize("place", ["lab", "apart"])
def test_no_view_outlives_its_call(request: pytest.FixtureRequest, kit: Any, place: str) -> None:
    effect = request.getfixturevalue(place).use(kit.process(GROWS))
    first = effect.frame(kit.call(7))
    second = effect.frame(kit.call(9))
    assert (first.planes[0][:15] == 7).all(), "a picture is a copy, and the next call does not write to it"
    assert (second.planes[0][:15] == 9).all()


def test_memory_is_as_large_as_the_frames_ask_for(lab: Any, kit: Any) -> None:
    """Of one guest that takes all it gets: what a larger frame adds is the larger frame, no more."""
    peaks = []
    for number, (width, height) in enumerate(((64, 32), (1920, 1080))):
        plugin = f"org.take{number}"
        effect = lab.use(kit.process(TAKE_ALL), plugin=plugin)
        effect.frame(kit.call(0, [kit.picture(0, width, height)]))
        peaks.append(lab.runtime.counters()[f"{plugin}/test.guest"]["peak_memory"])
    frames = 2 * (1920 * 1080 * 3 // 2)
    assert frames <= peaks[1] - peaks[0] + (1 << 16) < frames * 1.1


def test_faulthandler_is_there_before_the_first_engine() -> None:
    """Later, it would make a crash of the host of a guest's bad access."""
    code = """
import faulthandler, wasmtime
assert not faulthandler.is_enabled()
from kadr_kernel.sandbox.engine import make_engine
engine = make_engine(guarded=False)
assert faulthandler.is_enabled()
store = wasmtime.Store(engine)
text = '(module (memory 1) (func (export "f") (drop (i32.load (i32.const -4)))))'
made = wasmtime.Instance(store, wasmtime.Module(engine, text), [])
try:
    made.exports(store)["f"](store)
except wasmtime.Trap as trap:
    print(trap.trap_code.name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "MEMORY_OUT_OF_BOUNDS"), done.stderr
