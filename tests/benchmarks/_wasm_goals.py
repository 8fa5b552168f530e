"""The goals of guests' speed, each measured in turns with what it is compared to."""

from __future__ import annotations

import hashlib
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from _wasm_kernels import KERNELS, Native, called, declaration, guest
from kadr_kernel.boot import boot
from kadr_kernel.permissions.confinement import Confinement
from kadr_kernel.sandbox.house import House
from kadr_kernel.sandbox.limits import Limits
from kadr_kernel.sandbox.runtime import CoreRuntime
from kadr_sdk.abi import with_sections
from kadr_sdk.color import BT709
from kadr_sdk.effects import EffectDeclaration, FrameCall
from kadr_sdk.errors import RenderError
from kadr_sdk.frames import VideoFrame
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import Renderer, RenderRequest
from wasmtime import wat2wasm

__all__ = ["goals", "in_turns"]

REPEATS, FILM_REPEATS, SECONDS = 60, 7, 4
MOST = {"invert": 1.4, "lut": 1.4, "blur": 1.0}
LOOP = """(module (memory (export "memory") 8) (global $at (mut i32) (i32.const 0))
  (func (export "kadr_abi") (result i32) (i32.const 1))
  (func (export "kadr_alloc") (param i32) (result i32)
    (global.set $at (i32.add (global.get $at) (i32.const 8192))) (global.get $at))
  (func (export "kadr_process") (param i32) (result i32) (loop $l (br $l)) (i32.const 0)))"""
Goal = tuple[str, Sequence[float], float, str]
"""Name, measurements, the most (or, below zero, the least) that they may be, and the unit."""


def goals(folder: Path) -> None:
    """Measure and print them all."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    sys.stdout.write(f"Goals, {os.cpu_count()} processors{load}\n{'':46} {'median':>9} {'least':>9}   goal\n")
    for work in (kernels, moving, isolated, threads, loading, late, films):
        for name, found, goal, unit in work(folder):
            median = statistics.median(found)
            met = median <= goal if goal > 0 else median >= -goal
            said = f"{'≤' if goal > 0 else '≥'} {abs(goal):g} {unit}".strip()
            verdict = "met" if met else "missed"
            sys.stdout.write(f"{name:46} {median:9.3f} {min(found):9.3f}   {said}: {verdict}\n")
            sys.stdout.flush()


def in_turns(
    works: Sequence[Callable[[], object]],
    repeats: int = REPEATS,
    clock: Callable[[], float] = time.perf_counter,
) -> list[list[float]]:
    """Microseconds of each, taken in turns so that neighbours of the machine disturb all alike.

    Args:
        clock: ``time.thread_time`` for what this thread does alone: neighbours hardly count.
    """
    found: list[list[float]] = [[] for _ in works]
    for number in range(-2, repeats):
        for work, times in zip(works, found, strict=True):
            begin = clock()
            work()
            if number >= 0:
                times.append((clock() - begin) * 1e6)
    return found


def picture(seed: int) -> VideoFrame:
    """A frame of noise."""
    rng = np.random.default_rng(seed)
    frame = VideoFrame.empty("yuv420p", 1920, 1080, BT709)
    for plane in frame.planes:
        plane[...] = rng.integers(0, 256, plane.shape, np.uint8)
    return frame


def call_of(kernel: int = 0, seed: int = 1) -> FrameCall:
    """A call for one frame."""
    moment = (0, Fraction(25), Fraction(0), Fraction(4), 0.0, 7)
    return FrameCall([[picture(seed)]], {"kernel": kernel}, *moment, 1920, 1080, "yuv420p", BT709)


def kernels(folder: Path) -> Iterator[Goal]:
    """The function of a guest alone, guarded and trusted, and the same C by gcc; the pictures are equal."""
    code, call = guest(), call_of()
    native = Native(folder, call)
    runtimes = [CoreRuntime(folder), CoreRuntime(folder, trusted=[hashlib.sha256(code).hexdigest()])]
    codes: list[Any] = [runtime.load(code, declaration(), "bench").code for runtime in runtimes]
    for kernel, name in enumerate(KERNELS):
        made = [called(one, call, kernel) for one in codes]
        guarded, trusted, gcc = in_turns(
            [*(work for _, work in made), lambda k=kernel: native.run(k)], clock=time.thread_time
        )  # type: ignore[misc] # mypy infers no lambda default
        for instance, _ in made:
            for ours, theirs in zip(instance.picture(call).planes, native.picture(), strict=True):
                assert (ours == theirs).all(), f"{name} differs from gcc's"
            instance.close()
        yield f"{name}: guarded guest / gcc -O3", ratios(guarded, gcc), MOST[name], "x"
        yield f"{name}: trusted guest / gcc -O3", ratios(trusted, gcc), MOST[name], "x"
        yield f"{name}: guarded / trusted", ratios(guarded, trusted), 1.15, "x"
    for runtime in runtimes:
        runtime.close()


def ratios(first: Sequence[float], second: Sequence[float]) -> list[float]:
    """Of neighbours in time."""
    return [a / b for a, b in zip(first, second, strict=True)]


def moving(folder: Path) -> Iterator[Goal]:
    """A whole frame, in, call and out, less the call alone."""
    code = guest()
    runtime = CoreRuntime(folder)
    own = runtime.load(code, declaration(), "bench")
    bound = own.bind("fail")
    effect: Any = bound.effect(print)
    calls = [call_of(seed=n) for n in range(3)]
    instance, alone = called(own.code, calls[0], 0)  # type: ignore[arg-type] # it runs here
    turn = iter(range(1 << 30))
    whole, call = in_turns([lambda: effect.frame(calls[next(turn) % 3]), alone], clock=time.thread_time)
    more = [(a - b) / 1000 for a, b in zip(whole, call, strict=True)]
    yield "in, call, out beyond the call", more, 0.5, "ms"
    for one in (instance, bound, runtime):
        one.close()


def isolated(folder: Path) -> Iterator[Goal]:
    """The same frame in a process of its own."""
    house = House(confinement=lambda *_who: Confinement("full", "full", "process"))
    runtimes = [CoreRuntime(folder), CoreRuntime(folder, house=house)]
    uses = [runtime.load(guest(), declaration(), "bench").bind("fail") for runtime in runtimes]
    effects: list[Any] = [use.effect(print) for use in uses]
    call = call_of()
    here, there = in_turns([lambda e=e: e.frame(call) for e in effects])  # type: ignore[misc] # as above
    yield "a process of its own, more", [(b - a) / 1000 for a, b in zip(here, there, strict=True)], 1.0, "ms"
    for one in [*uses, *runtimes]:
        one.close()


def threads(folder: Path) -> Iterator[Goal]:
    """The blur by one thread, and as often by each of two: its call alone, and whole frames.

    Twice: by the clock, at their best, which needs two free cores; and by the processor's time of a
    thread beside another one to that of a thread alone, which is what caches and memory cost.
    """
    runtime = CoreRuntime(folder)
    own = runtime.load(guest(), declaration(), "bench")
    bound, call = own.bind("fail"), call_of(kernel=2)
    effect: Any = bound.effect(print)
    made = [called(own.code, call, 2) for _ in range(2)]  # type: ignore[arg-type] # it runs here
    for name, works in (
        ("guest calls", [work for _, work in made]),
        ("whole frames", [lambda: effect.frame(call)] * 2),
    ):
        in_threads(works)  # each thread's own instance is made
        turns = [(in_threads(works[:1]), in_threads(works)) for _ in range(100)]
        clock = 2 * min(one[0] for one, _ in turns) / min(two[0] for _, two in turns)
        yield f"{name} a second, 2 threads / 1", [clock], -1.8, "x"
        beside = ratios([two[1] for _, two in turns], [one[1] for one, _ in turns])
        yield f"{name}, processor time beside / alone", beside, 2 / 1.8, "x"
    for one in (*(instance for instance, _ in made), bound, runtime):
        one.close()


def in_threads(works: Sequence[Callable[[], object]], times: int = 8) -> tuple[float, float]:
    """Seconds until all are done, and of the processor that the longest took."""
    used: list[float] = []

    def some(work: Callable[[], object]) -> None:
        begin = time.thread_time()
        for _ in range(times):
            work()
        used.append(time.thread_time() - begin)

    workers = [threading.Thread(target=some, args=(work,)) for work in works]
    begin = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - begin, max(used)


def loading(folder: Path) -> Iterator[Goal]:
    """A guest that was compiled before, from its folder to a module, its bytes read and checked."""
    code, runtime = guest(), CoreRuntime(folder)
    runtime.load(code, declaration(), "bench")
    names = (f"bench{n}" for n in range(1 << 30))
    (times,) = in_turns([lambda: runtime.load(code, declaration(), next(names))], clock=time.thread_time)
    yield "a compiled guest loads", [t / 1000 for t in times], 1.0, "ms"
    runtime.close()


def late(folder: Path) -> Iterator[Goal]:
    """Milliseconds after its deadline that an endless loop is stopped."""
    data = {"id": "bench.loop", "version": 1, "title": "L", "implementations": ["wasm"], "wasm": "l.wasm"}
    for seconds, repeats in ((0.1, 20), (2.0, 3)):
        runtime = CoreRuntime(folder, Limits(call_seconds=seconds))
        own = EffectDeclaration.from_dict(data)
        found = []
        for _ in range(repeats):
            bound = runtime.load(with_sections(bytes(wat2wasm(LOOP))), own, "bench").bind("fail")
            call, effect = small(), bound.effect(print)
            began = time.perf_counter()
            try:
                effect.frame(call)  # type: ignore[union-attr] # of pictures
            except RenderError:
                found.append((time.perf_counter() - began - seconds) * 1000)
            bound.close()
        assert len(found) == repeats
        yield f"a loop ends after its deadline of {seconds:g} s", found, 20.0, "ms"
        runtime.close()


def small() -> FrameCall:
    """A call for a small frame: nothing of it is counted."""
    frame = VideoFrame.empty("gray", 32, 32, BT709)
    moment = (0, Fraction(25), Fraction(0), Fraction(4), 0.0, 7)
    return FrameCall([[frame]], {}, *moment, 32, 32, "gray", BT709)


def films(folder: Path) -> Iterator[Goal]:
    """A 1080p film decoded, inverted on every frame and encoded: by the guest, and by the native effect."""
    with boot(environ={"KADR_HOME": str(folder / "home")}) as kernel:
        renderer: Any = kernel.container.get(Renderer)

        def film(name: str, clip: dict[str, Any]) -> None:
            timeline = {"fps": 25, "resolution": [1920, 1080], "tracks": [{"id": "v", "clips": [clip]}]}
            video = {"codec": "h264", "crf": 23, "preset": "veryfast"}
            request = RenderRequest(folder / name, video=video, cache=False, overwrite=True)
            renderer.render(parse_project({"timeline": timeline}), folder, request)

        film("source.mp4", {"id": "a", "generator": {"type": "test_card"}, "duration": SECONDS})
        clip = {"id": "a", "source_file": "source.mp4", "duration": SECONDS}
        works = [
            lambda e=effect: film(f"{e}.mp4", clip | {"effects": [{"effect_type": e}]})  # type: ignore[misc] # as above
            for effect in ("wasm_invert", "invert")
        ]
        wasm, native = in_turns(works, FILM_REPEATS)
    yield "a film with a guest / with the native effect", ratios(wasm, native), 1.15, "x"
