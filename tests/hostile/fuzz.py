"""Mutated modules, descriptors and declarations: ``python tests/hostile/fuzz.py`` runs all 200,000.

Every batch has a seed and a process of its own, so that a crash, a hang or a leak is seen and can
be had again: ``python tests/hostile/fuzz.py --batch modules:17``. The suite runs the first batches.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import wasmtime
from kadr_kernel.plugins.descriptors import read_descriptor
from kadr_kernel.sandbox.declared import read_declaration
from kadr_kernel.sandbox.engine import Engines
from kadr_kernel.sandbox.faults import GuestError, ModuleError
from kadr_kernel.sandbox.instance import Instance
from kadr_kernel.sandbox.layout import layout_of
from kadr_kernel.sandbox.limits import Limits
from kadr_kernel.sandbox.machine import LocalCode
from kadr_kernel.sandbox.module import read_module
from kadr_kernel.sandbox.values import pack_values, room_for
from kadr_sdk.abi import with_sections
from kadr_sdk.color import BT709
from kadr_sdk.effects import EffectDeclaration, FrameCall
from kadr_sdk.errors import PluginError
from kadr_sdk.frames import VideoFrame
from kadr_sdk.params import check_params

__all__ = ["BATCHES", "PLAN", "batch"]

ROOT = Path(__file__).resolve().parents[2]
GUESTS = ROOT / "builtin_plugins/wasm_effects/src/kadr_wasm_effects/guests"
LIMITS = Limits(call_seconds=0.02, start_seconds=0.02, working_bytes=4 << 20)
SIZE = 2_000
PLAN = {"modules": 60, "descriptors": 20, "declarations": 20}
"""Batches of each kind: 200,000 mutants in all."""
BATCH_SECONDS, MUTANT_SECONDS = 300.0, 5.0
WAT = """(module (memory (export "memory") 2) (table 4 8 funcref) (elem (i32.const 0) $f $g)
  (global $at (mut i32) (i32.const 4096)) (data (i32.const 64) "abcdefgh") (start $s)
  (type $unary (func (param i32) (result i32)))
  (func $s (global.set $at (i32.const 8192)))
  (func $f (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $g (param i32) (result i32) (i32.div_u (local.get 0) (i32.const 3)))
  (func (export "kadr_abi") (result i32) (i32.const 1))
  (func (export "kadr_init") (param i32) (result i32) (i32.const 0))
  (func (export "kadr_alloc") (param i32) (result i32) (local $p i32)
    (local.set $p (global.get $at))
    (global.set $at (i32.and (i32.add (i32.add (local.get $p) (local.get 0)) (i32.const 63)) (i32.const -64)))
    (local.get $p))
  (func (export "kadr_process") (param $job i32) (result i32) (local $n i32)
    (loop $l
      (i32.store8 (i32.add (i32.load offset=64 (i32.load offset=88 (local.get $job))) (local.get $n))
        (call_indirect (type $unary) (local.get $n) (i32.and (local.get $n) (i32.const 1))))
      (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 500))))
    (i32.store offset=124 (local.get $job) (i32.const 3))
    (i32.const 0)))"""
_BYTES = (0, 1, 0x40, 0x7F, 0x80, 0xFF)
_JSON: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**63,
    2**64,
    10**30,
    -0.0,
    1e308,
    "",
    "\ud800",
    "\x1b[31m",
    "a" * 3000,
    [],
    {},
)
_TOKENS = (
    b"[", b"{", b'"', b",", b"=", b"\n", b"NaN", b"1e999", b"inf", b"9" * 5000, b"\\u0000", b"\xff",
    b"[" * 2000, b"\xe2\x80\xae", b"1979-05-27T07:32:00Z", b"'''", b"[[params]]\n", b"null", b"-", b"0x",
)  # fmt: skip


def batch(kind: str, seed: int, count: int = SIZE) -> Counter[str]:
    """What became of so many mutants.

    Raises:
        Exception: something else than the error that its author and user are to see.
    """
    found: Counter[str] = Counter()
    for outcome in BATCHES[kind](random.Random(f"{kind}:{seed}"), count):
        found[outcome] += 1
    return found


def mutated(rng: random.Random, whole: bytes, most: int, first: int = 0) -> bytes:
    """Up to ``most`` changes: bytes changed, taken out, put in, copied from elsewhere."""
    data = bytearray(whole)
    for _ in range(rng.randint(1, most)):
        at = rng.randrange(first, max(len(data), first + 1))
        length = rng.randint(1, 9)
        match rng.randrange(6):
            case 0 | 1:
                data[at : at + 1] = bytes([rng.choice([rng.randrange(256), rng.choice(_BYTES)])])
            case 2:
                data[at : at + 1] = bytes([(data[at] if at < len(data) else 0) ^ (1 << rng.randrange(8))])
            case 3:
                del data[at : at + length]
            case 4:
                data[at:at] = rng.randbytes(length)
            case _:
                source = rng.randrange(len(data) + 1)
                data[at : at + length] = data[source : source + length]
    return bytes(data)


def seeds() -> list[tuple[bytes, EffectDeclaration]]:
    """Guests to begin with: one of every feature as text, and the small ones that are built in."""
    plain = {"id": "fuzz.guest", "version": 1, "title": "F", "implementations": ["wasm"], "wasm": "f.wasm"}
    found = [(with_sections(bytes(wasmtime.wat2wasm(WAT))), EffectDeclaration.from_dict(plain))]
    for name in ("invert", "plasma"):
        data = tomllib.loads((GUESTS / f"{name}.toml").read_text("utf-8"))
        found.append(((GUESTS / f"{name}.wasm").read_bytes(), EffectDeclaration.from_dict(data)))
    return found


def modules(rng: random.Random, count: int) -> Iterator[str]:
    """Read, compiled (here: they are small), started, called, and their picture taken."""
    engine, ticker = (engines := Engines()).get(guarded=True)
    known = seeds()
    try:
        for _ in range(count):
            whole, declaration = rng.choice(known)
            data = mutated(rng, whole, 2, first=8)
            try:
                facts = read_module(data, LIMITS)
                module = wasmtime.Module(engine, data)
            except (ModuleError, wasmtime.WasmtimeError) as error:
                yield "refused" if isinstance(error, ModuleError) else "does not compile"
                continue
            code = LocalCode(module, engine, ticker, facts, LIMITS, True)
            yield timed(lambda code=code, its=declaration: run(code, its, rng))  # type: ignore[misc] # mypy infers no lambda default
    finally:
        engines.close()


def run(code: LocalCode, declaration: EffectDeclaration, rng: random.Random) -> str:
    """One instance, two frames of it, each with a picture of the right shape."""
    values, _problems = check_params(declaration.params, {}, "fuzz")
    first = VideoFrame.empty("yuv420p", 64, 36, BT709)
    inputs = [] if declaration.kind == "generator" else [[first]]
    moment = (rng.randrange(100), Fraction(25), Fraction(1), Fraction(4), 0.5, 7)
    call = FrameCall(inputs, values, *moment, 64, 36, "yuv420p", BT709)
    layout = layout_of(declaration, call, room_for(pack_values(declaration.params, values)[1]), 256)
    try:
        instance = Instance(code, layout)
    except GuestError as error:
        return error.kind
    try:
        for _ in range(2):
            instance.run(call, lambda at: pack_values(declaration.params, values, at))
            assert [p.shape for p in instance.picture(call).planes] == [(36, 64), (18, 32), (18, 32)]
        return "ran"
    except GuestError as error:
        return error.kind
    finally:
        instance.close()


def declarations(rng: random.Random, count: int) -> Iterator[str]:
    """The JSON of a module's section: strict, or a ModuleError that can be printed."""
    whole = [data for path in sorted(GUESTS.glob("*.wasm")) if (data := read_section(path))]
    for _ in range(count):
        data = rng.choice(whole)
        data = spliced(rng, data) if rng.random() < 0.5 else swapped(rng, data)

        def read(data: bytes = data) -> str:
            try:
                read_declaration(data)
            except ModuleError as error:
                assert str(error).isprintable()  # noqa: PT017 - a script, and the error is not the point
                return "refused"
            return "read"

        yield timed(read)


def descriptors(rng: random.Random, count: int) -> Iterator[str]:
    """A file beside the code, TOML or JSON: a declaration, or an error of the plugin or of a value."""
    texts = [path.read_bytes() for path in sorted(GUESTS.glob("*.toml"))]
    data = [json.dumps(tomllib.loads(text.decode())).encode() for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(count):
            as_text = rng.random() < 0.5
            path = Path(folder) / ("d.toml" if as_text else "d.json")
            path.write_bytes(spliced(rng, rng.choice(texts)) if as_text else swapped(rng, rng.choice(data)))
            yield timed(lambda path=path: read_file(path))  # type: ignore[misc] # mypy infers no lambda default


def read_file(path: Path) -> str:
    """As the planner does."""
    try:
        data = read_descriptor(path, "org.fuzz")
    except PluginError as error:
        assert "org.fuzz" in str(error)  # noqa: PT017 - as above
        return "not read"
    try:
        EffectDeclaration.from_dict(data)
    except ValueError:
        return "refused"
    return "read"


def read_section(path: Path) -> bytes:
    """The declaration in a guest."""
    return read_module(path.read_bytes(), Limits()).declaration


def spliced(rng: random.Random, whole: bytes) -> bytes:
    """Changed as text: tokens that mean something put in, or bytes as they come."""
    if rng.random() < 0.4:
        return mutated(rng, whole, 4)
    at = rng.randrange(len(whole))
    return whole[:at] + rng.choice(_TOKENS) + whole[at + rng.randrange(12) :]


def swapped(rng: random.Random, whole: bytes) -> bytes:
    """Changed as data: some value of it becomes another."""
    data = json.loads(whole)
    for _ in range(rng.randint(1, 3)):
        node = data
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(node[key], dict | list) and rng.random() < 0.7:
                node = node[key]
                continue
            node[key] = rng.choice(_JSON)
            break
    return json.dumps(data, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")


def timed(work: Callable[[], str]) -> str:
    """Its outcome; too slow is a hang."""
    began = time.perf_counter()
    outcome = work()
    assert time.perf_counter() - began < MUTANT_SECONDS, "a mutant took far too long"
    return outcome


BATCHES: dict[str, Callable[[random.Random, int], Iterator[str]]] = {
    "modules": modules,
    "descriptors": descriptors,
    "declarations": declarations,
}


# -- all of them ---------------------------------------------------------------------------------


def one(name: str) -> int:
    """A batch in this process, twice: the second must leave nothing behind that the first did not."""
    kind, _, seed = name.partition(":")
    batch(kind, int(seed), 200)
    before = standing()
    found = batch(kind, int(seed))
    gc.collect()
    grown = {key: after - before[key] for key, after in standing().items()}
    assert grown["threads"] <= 0, grown
    assert grown["descriptors"] <= 0, grown
    assert grown["kib"] < 24 << 10, grown
    sys.stdout.write(json.dumps({"found": found, "grown": grown}))
    return 0


def standing() -> dict[str, int]:
    """Threads, open descriptors and KiB of memory that this process has; 0 where it cannot be known."""
    gc.collect()
    folder, status = Path("/proc/self/fd"), Path("/proc/self/status")
    kib = next((int(line.split()[1]) for line in status.open() if line.startswith("VmRSS")), 0) if (
        status.exists()
    ) else 0  # fmt: skip
    return {
        "threads": threading.active_count(),
        "descriptors": len(os.listdir(folder)) if folder.exists() else 0,  # noqa: PTH208 - only their number
        "kib": kib,
    }


def everything(share: float) -> int:
    """Every batch in a process of its own; 1 where one ended otherwise than it should."""
    total: Counter[str] = Counter()
    grown, bad, began = 0, [], time.monotonic()
    for kind, batches in PLAN.items():
        sums: Counter[str] = Counter()
        for seed in range(max(1, round(batches * share))):
            command = [sys.executable, __file__, "--batch", f"{kind}:{seed}"]
            try:
                done = subprocess.run(
                    command, capture_output=True, text=True, timeout=BATCH_SECONDS, check=False
                )
            except subprocess.TimeoutExpired:
                bad.append(f"{kind}:{seed} hangs")
                continue
            if done.returncode:
                bad.append(f"{kind}:{seed} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
                continue
            answer = json.loads(done.stdout)
            sums.update(answer["found"])
            grown = max(grown, answer["grown"]["kib"])
        total.update(sums)
        told = ", ".join(f"{number} {outcome}" for outcome, number in sums.most_common())
        print(f"{kind}: {sums.total()} mutants: {told}", flush=True)
    for line in bad:
        print(line)
    seconds = time.monotonic() - began
    print(f"{total.total()} mutants in {seconds:.0f} s, {len(bad)} bad batches, at most {grown} KiB grown")
    return 1 if bad else 0


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Fuzz the sandbox with mutants.")
    parser.add_argument("--batch", metavar="KIND:SEED", help="one batch, in this process")
    parser.add_argument("--share", type=float, default=1.0, help="of all batches, e.g. 0.01")
    options = parser.parse_args()
    return one(options.batch) if options.batch else everything(options.share)


if __name__ == "__main__":
    raise SystemExit(main())
