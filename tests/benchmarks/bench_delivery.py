"""What several outputs, two passes and masters cost, against jobs one by one.

uv run python tests/benchmarks/bench_delivery.py
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kadr_kernel.boot import boot
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import Renderer, RenderRequest

MEDIA = Path(os.environ.get("KADR_TEST_MEDIA", Path(__file__).parents[2] / ".." / "shared" / "media"))
CLIP = MEDIA / "video" / "mdn_flower.mp4"
FAST = {"codec": "h264", "preset": "veryfast", "pixel_format": "yuv420p"}
REPEATS = 3


def edit() -> Any:
    """Four seconds at 1280x720 with an effect."""
    bright = {"effect_type": "brightness", "parameters": {"value": 0.05}}
    clips = [
        {"id": f"c{n}", "source_file": str(CLIP), "start_time": 2 * n, "duration": 2, "effects": [bright]}
        for n in range(2)
    ]
    timeline = {"fps": 30, "resolution": [1280, 720], "tracks": [{"id": "v", "clips": clips}]}
    return parse_project({"timeline": timeline})


def median(work: Callable[[], object]) -> float:
    """Seconds."""
    found = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def main() -> int:
    """Print the ratios."""
    if not CLIP.is_file():
        sys.stderr.write(f"no test media: {CLIP}; set KADR_TEST_MEDIA\n")
        return 1
    with (
        tempfile.TemporaryDirectory() as name,
        boot(environ={"KADR_HOME": f"{name}/home"}) as kernel,
    ):
        folder, renderer, project = Path(name), kernel.container.get(Renderer), edit()

        def request(output: str, *, cache: bool = False, **video: Any) -> RenderRequest:
            settings = FAST | video
            return RenderRequest(output=folder / output, video=settings, cache=cache, overwrite=True)

        pair = [request("a.mp4", crf=20), request("b.mp4", crf=28)]
        renderer.render(project, folder, pair[0])  # so that none pays for what is read once
        apart = median(lambda: [renderer.render(project, folder, one) for one in pair])
        together = median(lambda: renderer.render_all(project, folder, pair))
        once = median(lambda: renderer.render(project, folder, request("c.mp4", crf=23)))
        passes = {"bitrate": 4_000_000, "two_pass": True}
        twice = median(lambda: renderer.render(project, folder, request("d.mp4", **passes)))
        renderer.render(project, folder, request("e.mp4", cache=True, **passes))
        rates = iter(range(3_000_000, 9_000_000, 500_000))
        again = median(
            lambda: renderer.render(
                project, folder, request("e.mp4", cache=True, bitrate=next(rates), two_pass=True)
            )
        )
    rows = [
        ("two outputs in one render, of two renders", together / apart),
        ("two passes over masters, of one pass at crf 23", twice / once),
        ("another bitrate with masters in the cache, of the first time", again / twice),
    ]
    for text, ratio in rows:
        sys.stdout.write(f"{text:62} {ratio:5.2f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
