"""Engines: one with a deadline, one without for guests that the user trusts; and the clock of the first."""

from __future__ import annotations

import contextlib
import faulthandler
import math
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import wasmtime

__all__ = ["CONFIGURATION", "Engines", "Ticker", "make_engine"]

CONFIGURATION = "kadr-2"
"""Name of the configuration below; raised with it, so that code compiled otherwise is not found."""
TICK = 0.005
_CATCH_UP = 200  # ticks at once: what a machine stood still beyond a second is nobody's time
_OFF = (
    "wasm_threads",
    "wasm_tail_call",
    "wasm_multi_memory",
    "wasm_memory64",
    "wasm_relaxed_simd",
    "wasm_component_model",
    "wasm_exceptions",
    "wasm_function_references",
    "wasm_gc",
    "wasm_wide_arithmetic",
    "wasm_custom_page_sizes",
    "wasm_stack_switching",
)
_COMPONENTS = ("wasm_component_model",)


def make_engine(*, guarded: bool, component: bool = False) -> wasmtime.Engine:
    """An engine with the features of the ABI and no other.

    Args:
        guarded: compile a check of the deadline into every loop.
        component: for components, whose memories are several.
    """
    # Enabled after the first engine, it would turn a guest's bad access into a crash of the host.
    if not faulthandler.is_enabled() and sys.__stderr__ is not None:
        with contextlib.suppress(ValueError, OSError):  # a stream without a file behind it
            faulthandler.enable(sys.__stderr__)
    config: Any = wasmtime.Config()
    for feature in _OFF:
        setattr(config, feature, component and feature in _COMPONENTS)
    config.epoch_interruption = guarded
    config.cranelift_opt_level = "speed"
    # What a NaN looks like differs from processor to processor, and a guest can read it.
    config.cranelift_nan_canonicalization = True
    config.max_wasm_stack = 1 << 20
    return wasmtime.Engine(config)


class Ticker:
    """Moves an engine's epoch on while guests run, by the clock, and sleeps while none does."""

    def __init__(self, engine: wasmtime.Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._go = threading.Event()
        self._running = 0
        self._due = 0.0
        self._closed = False
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Around every call of a guest; its deadline is set inside."""
        with self._lock:
            if self._running:
                self._catch_up()
            else:  # what passed while none ran is nobody's time
                self._due = time.monotonic()
            self._running += 1
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._tick, name="kadr-guest-clock", daemon=True)
                self._thread.start()
            self._go.set()
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
                if not self._running and not self._closed:
                    self._go.clear()

    @staticmethod
    def ticks(seconds: float) -> int:
        """Epochs after which a deadline has passed; the first may come at once."""
        return math.ceil(seconds / TICK) + 1

    def close(self) -> None:
        """Stop the thread."""
        with self._lock:
            self._closed = True
            self._go.set()
        if self._thread is not None:
            self._thread.join()

    def _tick(self) -> None:
        pause = threading.Event()
        while not self._closed:
            self._go.wait()
            pause.wait(TICK)
            with self._lock:
                if self._running:
                    self._catch_up()

    def _catch_up(self) -> None:
        """By the clock: a pause is always a little longer, and ten seconds have 2000 of them."""
        passed = int((time.monotonic() - self._due) / TICK)
        self._due += passed * TICK
        for _ in range(min(passed, _CATCH_UP)):
            self._engine.increment_epoch()


class Engines:
    """Both engines, each made on first use; shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[bool, tuple[wasmtime.Engine, Ticker]] = {}

    def get(self, *, guarded: bool) -> tuple[wasmtime.Engine, Ticker]:
        """An engine and its clock."""
        with self._lock:
            if guarded not in self._made:
                engine = make_engine(guarded=guarded)
                self._made[guarded] = engine, Ticker(engine)
            return self._made[guarded]

    def close(self) -> None:
        """Stop the clocks."""
        with self._lock:
            for _engine, ticker in self._made.values():
                ticker.close()
            self._made.clear()
