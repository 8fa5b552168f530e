"""Blend modes and masks over frames of 1920x1080, as times of one blend by libavfilter (multiply).

Usage: uv run python tests/benchmarks/bench_layers.py [--json PATH]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from _bench import Row, report
from kadr_effects.effects.mask import Mask
from kadr_pyav.blends import BLENDS, Blender
from kadr_pyav.planes import from_planes
from kadr_pyav.recipe import Shape
from kadr_sdk.color import BT709
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame

SIZE = (1920, 1080)
OVAL: dict[str, Any] = {
    "shape": "ellipse", "path": "", "position": (0.5, 0.5), "size": (0.5, 0.5), "rotation": 0.0,
    "corner": 0.0, "feather": 40.0, "expand": 0.0, "invert": False, "opacity": 1.0,
}  # fmt: skip


def noise(format: str, seed: int) -> VideoFrame:
    picture, random = VideoFrame.empty(format, *SIZE, BT709), np.random.default_rng(seed)
    for plane in picture.planes:
        plane[...] = random.integers(16, 235, plane.shape)
    return picture


def cost(work: Callable[[int], object]) -> list[float]:
    """Seconds of processor for one of ``work``, five times; the first is not counted."""
    work(0)
    found = []
    for number in range(1, 6):
        begin = time.process_time()
        work(number)
        found.append(time.process_time() - begin)
    return found


def main() -> int:
    base, layer = (from_planes(noise("yuv420p", seed)) for seed in (1, 2))
    film, mask, rate = noise("yuva420p", 3), Mask(), Fraction(25)

    def masked(number: int, moving: bool) -> object:
        values = OVAL | ({"position": (0.4 + number / 50, 0.5)} if moving else {})
        at = number / rate
        return mask.frame(
            FrameCall([[film]], values, number, rate, at, Fraction(4), 0.0, 1, *SIZE, "yuva420p", BT709)
        )

    def blended(name: str) -> list[float]:
        blender = Blender(name, Shape(*SIZE, "yuv420p", BT709))
        return cost(lambda _: blender.frame(base, layer))

    unit = statistics.median(blended("multiply"))
    figures = {name: blended(name) for name in sorted(BLENDS - {"normal"})}
    figures["mask, still"] = cost(lambda k: masked(k, False))
    figures["mask, moving"] = cost(lambda k: masked(k, True))
    rows = [
        Row(name, statistics.median(t) / unit, min(t) / unit, max(t) / unit, "x")
        for name, t in figures.items()
    ]
    return report(f"processor time in multiplies, one of which takes {unit * 1000:.0f} ms", rows)


if __name__ == "__main__":
    sys.exit(main())
