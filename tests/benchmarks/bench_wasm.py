"""What the sandbox costs a 1080p yuv420p frame: ``python tests/benchmarks/bench_wasm.py``.

The goals first, each as a row that says whether it was met: kernels in a guest against the same C by
gcc, frames in and out, the deadline, two threads, the load of compiled code, how late a loop is
stopped, a process of its own, and a whole film with a guest against one with the native effect.
Then microseconds: in, call and out of the built-in guests, and numpy doing the same. What is compared
is measured in turns; the figures are medians, and medians of ratios of neighbours in time. Between
them, what it costs that a NaN looks the same on every machine.
"""

from __future__ import annotations

import hashlib
import statistics
import tempfile
import time
import tomllib
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from _bench import Row, report, table
from _wasm_floats import floats
from _wasm_goals import goals, in_turns
from kadr_kernel.permissions.confinement import Confinement
from kadr_kernel.sandbox.guest import GuestUse
from kadr_kernel.sandbox.house import House
from kadr_kernel.sandbox.instance import Instance
from kadr_kernel.sandbox.layout import layout_of
from kadr_kernel.sandbox.limits import Limits
from kadr_kernel.sandbox.runtime import CoreRuntime
from kadr_kernel.sandbox.values import Packed, pack_values
from kadr_sdk.color import BT709
from kadr_sdk.effects import EffectDeclaration, FrameCall
from kadr_sdk.frames import VideoFrame

GUESTS = Path(__file__).resolve().parents[2] / "builtin_plugins/wasm_effects/src/kadr_wasm_effects/guests"
WIDTH, HEIGHT, REPEATS = 1920, 1080, 60
EFFECTS: Mapping[str, tuple[dict[str, Any], int, int]] = {
    "invert": ({"amount": 1.0}, 1, 1),
    "temporal_blur": ({"strength": 1.0}, 1, 5),
    "wipe_soft": ({"direction": "left", "softness": 0.2}, 2, 1),
}


def timed(name: str, work: Callable[[], object]) -> Row:
    """Median, slowest and fastest in microseconds."""
    work()
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        work()
        times.append((time.perf_counter() - begin) * 1e6)
    return Row(name, statistics.median(times), min(times), max(times), "us")


def frame_calls(name: str) -> Callable[[], FrameCall]:
    """Call after call with random pictures, the windows moving on by a frame each time."""
    values, inputs, window = EFFECTS[name]
    rng = np.random.default_rng(1)

    def picture() -> VideoFrame:
        frame = VideoFrame.empty("yuv420p", WIDTH, HEIGHT, BT709)
        for plane in frame.planes:
            plane[...] = rng.integers(16, 236, plane.shape, np.uint8)
        return frame

    films = [[picture() for _ in range(window + 3)] for _ in range(inputs)]
    numbers = count()

    def following() -> FrameCall:
        at = next(numbers)
        frames = [[film[(at + n) % len(film)] for n in range(window)] for film in films]
        moment = (at, Fraction(25), Fraction(at, 25), Fraction(4), 0.4, 7)
        return FrameCall(frames, values, *moment, WIDTH, HEIGHT, "yuv420p", BT709)

    return following


def used(name: str, folder: Path, *, trusted: bool) -> tuple[CoreRuntime, GuestUse]:
    """A guest bound to a job, with or without a deadline."""
    declaration = EffectDeclaration.from_dict(tomllib.loads((GUESTS / f"{name}.toml").read_text("utf-8")))
    code = (GUESTS / f"{name}.wasm").read_bytes()
    digests = [hashlib.sha256(code).hexdigest()] if trusted else []
    runtime = CoreRuntime(folder, trusted=digests)
    return runtime, runtime.load(code, declaration, "bench").bind("fail")


def _put_in(instance: Instance, following: Callable[[], FrameCall], packed: Packed) -> None:
    instance._write(following(), lambda _at: packed)


def steps(name: str, folder: Path) -> list[Row]:
    """In, call, out and the whole, guarded and trusted."""
    rows, following = [], frame_calls(name)
    call = following()
    for trusted in (False, True):
        runtime, use = used(name, folder, trusted=trusted)
        declaration = use.guest.declaration
        kind = f"{name} {'trusted' if trusted else 'guarded'}"
        if not trusted:
            instance = Instance(use.guest.code, layout_of(declaration, call, 0, Limits().message_bytes))
            packed = pack_values(declaration.params, call.values)
            work = partial(_put_in, instance, following, packed)
            rows.append(timed(f"{name} in", work))
            rows.append(timed(f"{name} out", lambda i=instance: i.picture(call)))
            instance.close()
        effect = use.effect(lambda *_words: None)
        rows.append(timed(f"{kind} whole frame", lambda e=effect: e.frame(following())))
        use.close()
        runtime.close()
    return rows


def isolation(folder: Path) -> list[Row]:
    """The same frame here and through a guest in a process of its own, in turns; and what that costs more."""
    rows, confined = [], House(confinement=lambda *_who: Confinement("full", "full", "process"))
    for name in EFFECTS:
        declaration = EffectDeclaration.from_dict(tomllib.loads((GUESTS / f"{name}.toml").read_text("utf-8")))
        code, following = (GUESTS / f"{name}.wasm").read_bytes(), frame_calls(name)
        runtimes = [CoreRuntime(folder), CoreRuntime(folder, house=confined)]
        uses = [runtime.load(code, declaration, "bench").bind("fail") for runtime in runtimes]
        effects = [use.effect(lambda *_words: None) for use in uses]
        here, there = in_turns([lambda e=e, f=following: e.frame(f()) for e in effects])
        more = [b - a for a, b in zip(here, there, strict=True)]
        for what, times in (("here", here), ("in a process", there), ("a process costs more", more)):
            rows.append(Row(f"{name} {what}", statistics.median(times), min(times), max(times), "us"))
        for one in [*uses, *runtimes]:
            one.close()
    return rows


def by_numpy() -> list[Row]:
    """The same pictures by numpy."""
    inverting, blurring = (frame_calls(name)().inputs[0] for name in ("invert", "temporal_blur"))

    def blur() -> None:
        for planes in zip(*(f.planes for f in blurring), strict=True):
            total = sum(p.astype(np.uint16) for p in planes)
            (total // 5).astype(np.uint8)

    return [
        timed("invert numpy (255 - x)", lambda: [255 - p for p in inverting[0].planes]),
        timed("temporal_blur numpy", blur),
    ]


def main() -> int:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        goals(folder)
        table("One look of a NaN, in loops of floats and of whole numbers", list(floats()), None)
        rows = [row for effect in EFFECTS for row in steps(effect, folder)]
        rows += [*isolation(folder), *by_numpy()]
    return report("A 1080p yuv420p frame through guests, microseconds", rows)


if __name__ == "__main__":
    raise SystemExit(main())
