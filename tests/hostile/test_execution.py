"""A. Guests that mean harm while they run: the host lives and names them, the next guest is well."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from kadr_kernel.sandbox.limits import Limits
from kadr_sdk.errors import PluginError, RenderError

pytestmark = pytest.mark.usefixtures("well")

LOOP = "(loop $l (br $l))"
LATE = "it ran longer than it may"


def fails(effect: Any, kit: Any, says: str, frame: int = 0) -> RenderError:
    """The error of a frame: it names plugin, effect, frame and reason."""
    with pytest.raises(RenderError) as caught:
        effect.frame(kit.call(frame))
    start = f"the effect test.guest of plugin org.evil failed at frame {frame} of its clip: "
    assert caught.value.message.startswith(start)
    assert says in caught.value.message
    assert caught.value.data["plugin"] == "org.evil"
    return caught.value


@pytest.mark.case("A1")
@pytest.mark.parametrize("place", ["lab", "apart"])
def test_an_endless_loop_is_stopped_in_time(request: pytest.FixtureRequest, kit: Any, place: str) -> None:
    house = request.getfixturevalue(place)
    effect = house.use(kit.process(f"{LOOP} (i32.const 0)"))
    began = time.perf_counter()
    fails(effect, kit, LATE, frame=3)
    assert kit.QUICK.call_seconds <= time.perf_counter() - began < 30, "it hangs"
    row = house.runtime.counters()["org.evil/test.guest"]
    assert (row["deadlines"], row["calls"], row["instances"]) == (1, 0, 1)


@pytest.mark.case("A2")
@pytest.mark.parametrize(("body", "says"), [(LOOP, LATE), ("(unreachable)", "it trapped: unreachable")])
def test_a_start_function_that_does_not_end(lab: Any, kit: Any, body: str, says: str) -> None:
    fails(lab.use(kit.COPY + f"(start $s) (func $s {body})"), kit, says)


@pytest.mark.case("A3")
@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (f'(func (export "_initialize") {LOOP})', LATE),
        (f'(func (export "kadr_init") (param i32) (result i32) {LOOP} (i32.const 0))', LATE),
        ('(func (export "kadr_init") (param i32) (result i32) (i32.const 9))', "kadr_init returned 9"),
    ],
)
def test_constructors_that_do_not_end(lab: Any, kit: Any, extra: str, says: str) -> None:
    fails(lab.use(kit.COPY + extra), kit, says)


@pytest.mark.case("A4")
def test_calls_nested_too_deeply(lab: Any, kit: Any) -> None:
    deep = "(func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))"
    fails(lab.use(kit.process("(call $deep (i32.const 0))") + deep), kit, "its calls were nested too deeply")


@pytest.mark.case("A5")
def test_a_memory_bomb_gets_no_more_than_its_limit(lab: Any, kit: Any) -> None:
    grow = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (i32.const 0)"
    lab.use(kit.process(grow)).frame(kit.call())
    peak = lab.runtime.counters()["org.evil/test.guest"]["peak_memory"]
    assert kit.QUICK.working_bytes // 2 < peak < kit.QUICK.working_bytes + (2 << 20)
    with pytest.raises(PluginError, match=r"org\.evil is not taken: it begins with \d+ bytes of memory"):
        lab.load(kit.COPY.replace('"memory") 1)', '"memory") 9000)'))


@pytest.mark.case("A6")
def test_many_memories(lab: Any, kit: Any) -> None:
    with pytest.raises(PluginError, match=r"org\.evil is not taken: 3 memories; at most 1"):
        lab.load(kit.COPY + "(memory 1) (memory 1)")


@pytest.mark.case("A7")
def test_a_table_of_ten_million_entries(lab: Any, kit: Any) -> None:
    fails(lab.use(kit.COPY + "(table 10000000 funcref)"), kit, "table minimum size")
    grow = "(loop $l (br_if $l (i32.ne (table.grow (ref.null func) (i32.const 5000)) (i32.const -1))))"
    size = "(if (i32.gt_u (table.size) (i32.const 100000)) (then (unreachable)))"
    lab.use(kit.process(f"{grow} {size} (i32.const 0)") + "(table 0 funcref)").frame(kit.call())


@pytest.mark.case("A8")
@pytest.mark.parametrize("fields", ["(type $a (array (mut i64)))", "(type $s (struct (field i32)))"])
def test_a_heap_that_is_collected(lab: Any, kit: Any, fields: str) -> None:
    with pytest.raises(PluginError, match=r"org\.evil is not taken: a type that is no function"):
        lab.load(kit.COPY + fields)


@pytest.mark.case("A9")
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("(unreachable)", "unreachable"),
        ("(i32.div_u (i32.const 1) (i32.const 0))", "integer division by zero"),
        ("(i32.div_s (i32.const 0x80000000) (i32.const -1))", "integer overflow"),
        ("(i32.trunc_f64_s (f64.const nan))", "bad conversion to integer"),
        ("(i32.load (i32.const -4))", "memory out of bounds"),
        ("(i32.store (i32.const 0x7fffff00) (i32.const 1)) (i32.const 0)", "memory out of bounds"),
        ("(memory.fill (i32.const 0) (i32.const 1) (i32.const -1)) (i32.const 0)", "memory out of bounds"),
        ("(call_indirect (result i32) (i32.const 1))", "indirect call to null"),
        ("(call_indirect (result i32) (i32.const 9))", "table out of bounds"),
        ("(call_indirect (result i32) (i32.const 0))", "bad signature"),
    ],
)
def test_traps_of_every_kind(lab: Any, kit: Any, body: str, says: str) -> None:
    table = "(table 2 funcref) (elem (i32.const 0) $alloc)"
    fails(lab.use(kit.process(body) + table), kit, f"it trapped: {says}", frame=3)


WASI = "wasi_snapshot_preview1"


@pytest.mark.case("A10")
@pytest.mark.parametrize("name", ["poll_oneoff", "sched_yield", "proc_exit", "fd_write", "path_open"])
def test_nothing_of_wasi_can_be_had(lab: Any, kit: Any, name: str) -> None:
    with pytest.raises(PluginError, match=rf"org\.evil is not taken: it imports {WASI}\.{name}"):
        lab.load(f'(import "{WASI}" "{name}" (func (param i32 i32 i32 i32) (result i32)))' + kit.COPY)


@pytest.mark.case("A11")
@pytest.mark.parametrize(
    "body",
    ["(memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))", "(atomic.fence) (i32.const 0)"],
)
def test_waiting_for_another_thread(lab: Any, kit: Any, body: str) -> None:
    with pytest.raises(PluginError, match=r"org\.evil is not taken: it does not compile: .*threads"):
        lab.load(kit.process(body))
    with pytest.raises(PluginError, match="a memory of kind 3"):
        lab.load(kit.COPY.replace('"memory") 1)', '"memory") 1 2 shared)'))


@pytest.mark.case("A12")
def test_a_trap_is_no_signal_where_somebody_wants_tracebacks() -> None:
    """``faulthandler`` set up after the engine would make a crash of the host of a bad access."""
    code = """
import faulthandler, wasmtime
from kadr_kernel.sandbox.engine import make_engine
engine = make_engine(guarded=True)
assert faulthandler.is_enabled()
faulthandler.enable()
store = wasmtime.Store(engine)
store.set_epoch_deadline(1)
text = '(module (memory 1) (func (export "f") (drop (i32.load (i32.const -4)))))'
made = wasmtime.Instance(store, wasmtime.Module(engine, text), [])
try:
    made.exports(store)["f"](store)
except wasmtime.Trap as trap:
    print(trap.trap_code.name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "MEMORY_OUT_OF_BOUNDS"), done.stderr


@pytest.mark.case("A13")
def test_many_threads_and_a_guest_that_fails_beside_a_good_one(lab: Any, kit: Any) -> None:
    """No store is ever in two hands: the engine would end the process."""
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


@pytest.mark.case("A14")
def test_an_exception_of_a_host_function_is_told_to_its_own_caller(asked: Any, kit: Any) -> None:
    """Two guests at once, one of whose host functions raises; then the good one alone."""
    good = asked.load(asked.guest(kit, "progress", asked.numbers(10)), asked.gate()).bind("fail")

    def broken() -> bool:
        raise LookupError("a defect")

    bad = asked.load(asked.guest(kit, "should_abort", ""), asked.gate()).bind("fail", broken)
    asked.open += [good, bad]
    seen: list[str] = []

    def work(bound: Any) -> None:
        effect = bound.effect(print)
        for number in range(30):
            try:
                effect.frame(kit.call(number))
                seen.append("well")
            except LookupError as error:
                seen.append(str(error))

    threads = [threading.Thread(target=work, args=(bound,)) for bound in (good, bad, good)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (seen.count("well"), seen.count("a defect")) == (60, 30)


@pytest.mark.case("A15")
def test_a_flood_of_lines(asked: Any, kit: Any, caplog: pytest.LogCaptureFixture) -> None:
    """5000 lines of 600 bytes, with what a terminal obeys in each."""
    calls = "(call $f (i32.const 1) (i32.const 1024) (i32.const 600))"
    loop = f"(loop $l (drop {calls}) (br_if $l (local.tee $out (i32.sub (local.get $out) (i32.const 1)))))"
    text = asked.guest(kit, "log", asked.numbers(1, 1024, 1), r"\1b[2J\0d\e2\80\ae" + "x" * 600)
    text = text.replace("(i32.store (local", f"(local.set $out (i32.const 5000)) {loop}"
                        "(local.set $out (i32.load offset=64 (i32.load offset=88 (local.get $job))))"
                        "(i32.store (local", 1)  # fmt: skip
    bound = asked.load(text, asked.gate(), Limits(call_seconds=20, host_calls=100_000)).bind("fail")
    with caplog.at_level(logging.DEBUG, "kadr.plugin.org.asks"):
        bound.effect(print).frame(kit.call())
        bound.close()
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) < 150, "20 a second"
    assert lines[-1].endswith("more lines were not written")
    assert all(line.isprintable() and len(line) < 1100 for line in lines)


@pytest.mark.case("A16")
def test_ten_million_calls_of_a_host_function(asked: Any, kit: Any) -> None:
    """The host's time counts: it ends at the deadline, and most calls were not answered."""
    loop = "(loop $l (drop (call $f)) (br_if $l (local.tee $out (i32.sub (local.get $out) (i32.const 1)))))"
    text = asked.guest(kit, "should_abort", "").replace(
        "(i32.store (local", f"(local.set $out (i32.const 10000000)) {loop} (i32.store (local", 1
    )
    bound = asked.load(text, asked.gate(), Limits(call_seconds=0.3, host_calls=100)).bind("fail")
    asked.open.append(bound)
    began = time.perf_counter()
    with pytest.raises(RenderError, match=rf"plugin org\.asks failed at frame 0 of its clip: {LATE}"):
        bound.effect(print).frame(kit.call())
    assert time.perf_counter() - began < 30
    assert bound.numbers()["limited"] > 100


@pytest.mark.case("A17")
def test_a_host_function_that_comes_back_into_the_guest(asked: Any, kit: Any) -> None:
    """Another instance answers; the one that waits is not entered twice."""
    depth = [0]

    def nested() -> bool:
        depth[0] += 1
        if depth[0] <= 3:
            effect.frame(kit.call(depth[0]))
        return False

    bound = asked.load(asked.guest(kit, "should_abort", ""), asked.gate()).bind("fail", nested)
    asked.open.append(bound)
    effect = bound.effect(print)
    effect.frame(kit.call())
    assert (depth[0], bound.numbers()["instances"]) == (4, 4)


NANS = """
  (local $p i32)
  (local.set $p (i32.load offset=64 (i32.load offset=88 (local.get $job))))
  (f32.store (local.get $p) (f32.div (f32.const 0) (global.get $zero)))
  (f32.store offset=4 (local.get $p) (f32.sqrt (f32.sub (global.get $zero) (f32.const 1))))
  (f32.store offset=8 (local.get $p) (f32.add (f32.const -nan:0x200001) (global.get $zero)))
  (v128.store offset=16 (local.get $p)
    (f32x4.mul (f32x4.splat (f32.const -nan:0x300003)) (f32x4.splat (global.get $zero))))
  (i32.const 0)
"""


@pytest.mark.case("A18")
def test_what_differs_from_machine_to_machine_is_not_seen(lab: Any, kit: Any) -> None:
    """NaN has one form; relaxed SIMD, clock and dice cannot be had."""
    effect = lab.use(kit.process(NANS) + "(global $zero (mut f32) (f32.const 0))")
    row = effect.frame(kit.call(0, [kit.picture(0, 64, 32)])).planes[0][0].tobytes()
    assert row[:12] == bytes.fromhex("0000c07f") * 3
    assert row[16:32] == bytes.fromhex("0000c07f") * 4
    relaxed = "(func (param v128) (drop (i32x4.relaxed_trunc_f32x4_s (local.get 0))))"
    with pytest.raises(PluginError, match=r"org\.evil is not taken: it does not compile: .*relaxed"):
        lab.load(kit.COPY + relaxed)
    for name in ("clock_time_get", "random_get"):
        with pytest.raises(PluginError, match=f"it imports {WASI}.{name}"):
            lab.load(f'(import "{WASI}" "{name}" (func (param i32) (result i32)))' + kit.COPY)


@pytest.mark.case("A19")
def test_after_a_trap_nothing_of_the_instance_is_used(lab: Any, kit: Any) -> None:
    """Marks its memory, then traps at frame 1: the fresh try does not see the mark."""
    body = """
      (if (i32.load (i32.const 1024)) (then (return (i32.const 77))))
      (if (i64.eq (i64.load offset=8 (local.get $job)) (i64.const 1))
        (then (i32.store (i32.const 1024) (i32.const 1)) (unreachable)))
      (i32.const 0)"""
    effect = lab.use(kit.process(body))
    effect.frame(kit.call(0))
    fails(effect, kit, "it trapped: unreachable", frame=1)
    row = lab.runtime.counters()["org.evil/test.guest"]
    assert (row["traps"], row["instances"], row["refusals"]) == (2, 2, 0)


@pytest.mark.case("A20")
def test_a_guest_that_answers_with_far_more_than_was_asked(lab: Any, kit: Any) -> None:
    """It writes 4000 pictures' worth, and says that there is that much data."""
    body = (
        "(drop (memory.grow (i32.const 100)))"
        "(memory.fill (i32.load offset=64 (i32.load offset=88 (local.get $job))) (i32.const 9)"
        " (i32.const 6000000)) (i32.const 0)"
    )
    made = lab.use(kit.process(body)).frame(kit.call())
    assert [p.shape for p in made.planes] == [p.shape for p in kit.picture().planes]
    says = "(i32.store offset=112 (local.get $job) (i32.const 0x7fffffff)) (i32.const 0)"
    analyzer = lab.use(kit.process(says), kind="analyzer")
    with pytest.raises(
        RenderError, match=r"plugin org\.evil failed at frame 0.*: it says 2147483647 bytes of data"
    ):
        analyzer.measure(kit.call())
