"""What one look of a NaN costs: the same loops compiled with and without it."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import wasmtime
from _bench import Row
from _wasm_goals import in_turns, ratios
from kadr_author.languages import compiled

__all__ = ["floats"]

SOURCE = Path(__file__).resolve().parent / "wasm_floats.c"
ROUNDS = 200


def floats() -> Iterator[Row]:
    """Times of every loop with it to those without."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name) / "work"
        work.mkdir()
        code = compiled(SOURCE, work, Path(name) / "cache")
    stores = [_started(code, same=same) for same in (True, False)]
    for loop in ("gain", "curve", "whole"):
        functions: list[Any] = [instance.exports(store)[loop] for store, instance in stores]
        works = [partial(f, store, ROUNDS) for f, (store, _) in zip(functions, stores, strict=True)]
        times = in_turns(works, 100, clock=time.thread_time)
        found = ratios(*times)
        yield Row(f"{loop}: one NaN / any", statistics.median(found), min(found), max(found), "x")


def _started(code: bytes, *, same: bool) -> tuple[wasmtime.Store, wasmtime.Instance]:
    config: Any = wasmtime.Config()
    config.cranelift_opt_level = "speed"
    config.cranelift_nan_canonicalization = same
    store = wasmtime.Store(wasmtime.Engine(config))
    return store, wasmtime.Instance(store, wasmtime.Module(store.engine, code), [])
