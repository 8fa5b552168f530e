"""Guests that work on data: start, calls, size; Python as a guest against the same Python here.

``uv run python tests/benchmarks/bench_data_guests.py``; with componentize-py on the path for the
last part. Medians of one run; ratios are what can be compared between machines.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import wasmtime
from kadr_extism.runtime import ExtismRuntime
from kadr_kernel.sandbox.component import ComponentRuntime
from kadr_sdk.data_guests import DataGuest, DataTerms

TERMS = DataTerms("bench", "bench", start_seconds=30, call_seconds=30, memory_bytes=512 << 20)
ECHO = """(module
  (import "extism:host/env" "input_length" (func $length (result i64)))
  (import "extism:host/env" "input_offset" (func $offset (result i64)))
  (import "extism:host/env" "output_set" (func $set (param i64 i64)))
  (func (export "echo") (result i32) (call $set (call $offset) (call $length)) i32.const 0))"""
WORLD = """package bench:data;
world guest { export call: func(function: string, input: string) -> result<string, string>; }"""
PYTHON = """
import json
import wit_world
def work(numbers):
    total = 0
    for number in numbers:
        total = (total * 31 + number) % 1000003
    return total
class WitWorld(wit_world.WitWorld):
    def call(self, function, input):
        return input if function == "echo" else json.dumps(work(json.loads(input)))
"""


def median(work: Callable[[], Any], times: int) -> float:
    """Seconds."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def report(name: str, opened: Callable[[], DataGuest]) -> None:
    """Start with the first call, and calls of two sizes."""

    def start() -> None:
        guest = opened()
        guest.call("echo", b"x")
        guest.close()

    start()
    small, large = b"x" * 1000, b"x" * 1_000_000
    guest = opened()
    guest.call("echo", small)
    print(f"{name}: process, engine, guest and first call {median(start, 9) * 1e3:.0f} ms")
    one, many = median(lambda: guest.call("echo", small), 200), median(lambda: guest.call("echo", large), 30)
    print(f"{name}: 1 kB in and out {one * 1e6:.0f} us, 1 MB {many * 1e3:.2f} ms")
    guest.close()


def python(folder: Path, tool: str) -> None:
    """The same loop as a guest and here."""
    (folder / "guest.py").write_text(PYTHON, "utf-8")
    (folder / "world.wit").write_text(WORLD, "utf-8")
    command = [tool, "-d", "world.wit", "-w", "guest", "componentize", "--stub-wasi", "guest", "-o", "g.wasm"]
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    code = (folder / "g.wasm").read_bytes()
    print(f"python: made in {time.perf_counter() - began:.1f} s, {len(code) / 1e6:.1f} MB")

    def opened() -> DataGuest:
        return ComponentRuntime(folder / "cache").open(code, TERMS)

    began = time.perf_counter()
    guest = opened()
    guest.call("echo", b"x")
    print(f"python: compiled and started {time.perf_counter() - began:.1f} s, the first time alone")
    report("python", opened)
    numbers = json.dumps(list(range(300_000))).encode()
    names: dict[str, Any] = {}
    exec(PYTHON.split("class ")[0].replace("import wit_world", ""), names)
    inside = median(lambda: guest.call("work", numbers), 9)
    outside = median(lambda: names["work"](json.loads(numbers)), 9)
    print(
        f"python: a loop over 300,000 numbers {inside * 1e3:.0f} ms, {inside / outside:.2f} of the same here"
    )
    guest.close()


def main() -> None:
    """Print all of it."""
    module = bytes(wasmtime.wat2wasm(ECHO))
    report("extism", lambda: ExtismRuntime().open(module, TERMS))
    tool = shutil.which("componentize-py")
    if tool is None:
        print("python: componentize-py is not on the path")
        return
    with tempfile.TemporaryDirectory() as folder:
        python(Path(folder), tool)


if __name__ == "__main__":
    main()
