"""Activate, render, stop: ``python tests/hostile/cycles.py`` does it 10,000 times, and nothing may grow.

A plugin with a guest is activated, its effect is rendered, the plugin is stopped, all in one kernel
on the in-memory backend. Every seventh render the guest traps. Printed are memory, descriptors and
threads of the process on the way.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import itertools
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kadr_kernel.boot import boot
from kadr_sdk.abi import with_sections
from kadr_sdk.errors import RenderError
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import Renderer, RenderRequest
from kadr_sdk.testing.memory import write_source
from wasmtime import wat2wasm

__all__ = ["cycling", "standing"]

MANIFEST = """manifest = 1
[plugin]
id = "{id}"
version = "1.0"
"""
MEMORY = (
    MANIFEST.format(id="cycle.memory")
    + """[[contributes.backend]]
id = "memory"
entry = "kadr_sdk.testing.memory:MemoryBackend"
priority = 1000
"""
)
EFFECT = (
    MANIFEST.format(id="cycle.guest")
    + """[[contributes.effect]]
id = "cycle.guest.fill"
names = ["fill"]
file = "fill.toml"
"""
)
DESCRIPTOR = """id = "cycle.guest.fill"
version = 1
title = "Fill"
implementations = ["wasm"]
wasm = "fill.wasm"
params = [{ name = "trap", type = "bool", default = false }]
"""
WAT = """(module (memory (export "memory") 2) (global $at (mut i32) (i32.const 0))
  (func (export "kadr_abi") (result i32) (i32.const 1))
  (func (export "kadr_alloc") (param i32) (result i32)
    (global.set $at (i32.add (global.get $at) (i32.const 8192))) (global.get $at))
  (func (export "kadr_process") (param $job i32) (result i32)
    (if (i32.load (i32.load offset=72 (local.get $job))) (then (unreachable)))
    (memory.fill (i32.load offset=64 (i32.load offset=88 (local.get $job))) (i32.const 9) (i32.const 2304))
    (i32.const 0)))"""
Standing = tuple[int, int, int]
"""Threads, open descriptors and KiB of memory of this process; 0 where it cannot be known."""


def standing() -> Standing:
    """Now, after a collection."""
    gc.collect()
    folder, status = Path("/proc/self/fd"), Path("/proc/self/status")
    if not folder.exists():
        return threading.active_count(), 0, 0
    kib = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return threading.active_count(), len(os.listdir(folder)), kib  # noqa: PTH208 - only their number


def cycling(folder: Path, isolation: str = "in_process") -> Iterator[int]:
    """One cycle for every item, which is its number."""
    _write(folder)
    overrides = {"plugins.folders": [str(folder / "plugins")], "sandbox.isolation": isolation}
    kernel = boot(environ={"KADR_HOME": str(folder / "home")}, overrides=overrides)
    with contextlib.closing(kernel):
        for plugin in ("cycle.memory", "cycle.guest"):
            kernel.plugins.set_enabled(plugin, True)
        kernel.plugins.activate("cycle.memory")
        number = 0
        while True:
            kernel.plugins.activate("cycle.guest")
            _render(kernel, folder, trap=number % 7 == 6)
            kernel.plugins.stop("cycle.guest")
            number += 1
            yield number


def _write(folder: Path) -> None:
    for package, files in (
        ("cycle_memory", {"plugin.toml": MEMORY}),
        ("cycle_guest", {"plugin.toml": EFFECT, "fill.toml": DESCRIPTOR}),
    ):
        place = folder / "plugins" / package / package
        place.mkdir(parents=True)
        for name, text in {"__init__.py": "", **files}.items():
            (place / name).write_text(text, "utf-8")
    guest = folder / "plugins" / "cycle_guest" / "cycle_guest" / "fill.wasm"
    guest.write_bytes(with_sections(bytes(wat2wasm(WAT))))
    write_source(folder / "a.mem", video={"width": 64, "height": 36, "rate": "25", "frames": 25})


def _render(kernel: Any, folder: Path, *, trap: bool) -> None:
    use = {"effect_type": "fill", "parameters": {"trap": trap}}
    clip = {"id": "a", "source_file": "a.mem", "duration": 0.08, "effects": [use]}
    timeline = {"fps": 25, "resolution": [64, 36], "tracks": [{"id": "v", "clips": [clip]}]}
    request = RenderRequest(output=folder / "o.mp4", cache=False, workers=1, overwrite=True)
    try:
        kernel.container.get(Renderer).render(parse_project({"timeline": timeline}), folder, request)
    except RenderError as error:
        if not trap or error.data.get("plugin") != "cycle.guest":
            raise
    else:
        assert not trap, "it did not fail"


def main() -> int:
    """The command line; 1 where something grew."""
    parser = argparse.ArgumentParser(description="Activate, render, stop.")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--isolation", choices=("in_process", "process"), default="in_process")
    options = parser.parse_args()
    began, rows = time.monotonic(), []
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(cycling(Path(folder), options.isolation)) as cycles,
    ):
        for number in itertools.islice(cycles, options.count):
            if number in (1, 10, 100) or number % max(1, options.count // 10) == 0:
                row = standing()
                rows.append(row)
                sys.stdout.write(
                    f"{number:6} cycles: {row[0]} threads, {row[1]} descriptors, {row[2]} KiB,"
                    f" {time.monotonic() - began:.0f} s\n"
                )
                sys.stdout.flush()
    half = rows[len(rows) // 2]
    grown = [now - then for now, then in zip(rows[-1], half, strict=True)]
    print(f"from the middle on: {grown[0]} threads, {grown[1]} descriptors, {grown[2]} KiB")
    return int(grown[0] > 0 or grown[1] > 0 or grown[2] > 8 << 10)


if __name__ == "__main__":
    raise SystemExit(main())
