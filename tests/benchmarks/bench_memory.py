"""Peak memory over the length of the timeline, and within the budget, of whole processes.

Flat: films of 10 minutes, 30 minutes and 2 hours of the same kind (cuts every 20 s, an effect, an
inset, sound), small and at 5 frames a second so that it takes minutes; what grows with the length
shows whatever the size of a frame. What does is the index of an MP4, which libav holds while it
writes and reads one; ``--container mkv`` has none. Bounded: ten seconds of 1080p with three layers
under budgets of memory, as many workers as these allow.

    uv run python tests/benchmarks/bench_memory.py --json figures.json
    uv run python tests/benchmarks/bench_memory.py --container mkv --no-budgets
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from bench_timeline import measured
from kadr_kernel.boot import boot
from kadr_sdk.color import BT709
from kadr_sdk.frames import AudioBlock
from kadr_sdk.output import AudioEncoding, Output, VideoEncoding
from kadr_sdk.rendering import Renderer
from kadr_sdk.testing.synthetic import barcode_frame

PROGRAM = [sys.executable, "-c", "import sys; from kadr_kernel.boot import main; sys.exit(main())"]
MINUTES = (10, 30, 120)
BUDGETS = (1000, 1500, 2000)
"""MiB."""
CUT, SECONDS = 20, 60
INDEX_MB = 25 / 60
"""For a minute: of the index of an MP4, with room."""


def source(folder: Path, width: int, height: int, rate: int) -> Path:
    """A minute of pictures and sound; of large ones ten seconds."""
    path, seconds = folder / f"{height}.mp4", SECONDS if height < 500 else 10
    with boot() as kernel:
        backend = kernel.container.get(Renderer).backend()
        video = VideoEncoding(
            "h264", "yuv420p", width, height, Fraction(rate), BT709, crf=23, preset="veryfast"
        )
        output = backend.prepare(Output("bench", "mp4", video, AudioEncoding("aac", 48000, "stereo")))
        frames = (barcode_frame(n, width, height) for n in range(rate * seconds))
        wave = 0.1 * np.sin(np.arange(48000 * seconds) / 20).astype(np.float32)
        backend.write(path, output, frames, [AudioBlock(np.stack([wave, wave]), 48000)])
    return path


def document(folder: Path, name: str, timeline: dict[str, Any]) -> Path:
    """A project file."""
    export = {"video": {"codec": "h264", "crf": 30, "preset": "veryfast"}, "audio": {"codec": "aac"}}
    path = folder / f"{name}.tlp"
    path.write_text(json.dumps({"version": "1.0.0", "timeline": timeline, "export": export}), "utf-8")
    return path


def long_film(folder: Path, media: Path, minutes: int) -> Path:
    """Cuts every 20 s, a grade on each clip, an inset in every third."""
    count = minutes * 60 // CUT
    grade = [{"effect_type": "brightness", "parameters": {"value": 0.05}}]
    clip = {"source_file": str(media), "duration": CUT, "effects": grade}
    rows = [
        clip | {"id": f"c{n}", "start_time": CUT * n, "source_start": n * 7 % (SECONDS - CUT)}
        for n in range(count)
    ]
    small = {"scale_x": 0.25, "scale_y": 0.25}
    inset = {"source_file": str(media), "duration": CUT, "muted": True, "transform": small}
    insets = [inset | {"id": f"i{n}", "start_time": CUT * n} for n in range(0, count, 3)]
    tracks = [{"id": "v", "clips": rows}, {"id": "w", "clips": insets}]
    return document(folder, f"long-{minutes}", {"fps": 5, "resolution": [96, 54], "tracks": tracks})


def layers(folder: Path, media: Path) -> Path:
    """Three layers of 1080p for ten seconds, cut twice."""
    rows = [
        {"id": f"c{n}", "source_file": str(media), "start_time": 3.2 * n, "duration": 3.2} for n in range(3)
    ]
    tracks: list[dict[str, Any]] = [{"id": "v", "clips": rows}]
    for n in range(2):
        place = {"scale_x": 0.5, "scale_y": 0.5, "position_x": 0.25 - 0.5 * n}
        clip = {"id": f"l{n}", "source_file": str(media), "duration": 9.6, "muted": True, "transform": place}
        tracks.append({"id": f"w{n}", "clips": [clip]})
    return document(folder, "layers", {"fps": 25, "resolution": [1920, 1080], "tracks": tracks})


def peak(folder: Path, project: Path, container: str = "mp4") -> tuple[float, float]:
    """Seconds, and megabytes at most of a whole process."""
    output = str(folder / f"out.{container}")
    command = [*PROGRAM, "render", str(project), "-o", output, "-y", "--no-cache"]
    wall, _, kilobytes = measured(command)
    return wall, kilobytes * 1024 / 1e6


def main(argv: list[str] | None = None) -> int:
    """Print both tables; 1 where the longest film needs a tenth more than the shortest, its index aside."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="PATH")
    parser.add_argument("--minutes", type=int, nargs="+", default=MINUTES)
    parser.add_argument("--container", choices=("mp4", "mkv"), default="mp4", help="of the long films")
    parser.add_argument("--no-budgets", action="store_true", help="only the lengths")
    options = parser.parse_args(argv)
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="kadr-bench-") as name:
        folder = Path(name)
        small = source(folder, 96, 54, 5)
        for minutes in options.minutes:
            wall, memory = peak(folder, long_film(folder, small, minutes), options.container)
            figures[f"{minutes} min"] = {"wall_s": round(wall, 1), "peak_mb": round(memory, 1)}
            sys.stdout.write(f"{minutes:5} min  {wall:7.1f} s  {memory:7.1f} MB\n")
            sys.stdout.flush()
        if not options.no_budgets:
            large = layers(folder, source(folder, 1920, 1080, 25))
            for budget in BUDGETS:
                os.environ["KADR_RENDER__MEMORY_MB"] = str(budget)
                wall, memory = peak(folder, large)
                share = memory / (budget * 1.048576)
                row = {"wall_s": round(wall, 1), "peak_mb": round(memory, 1), "of_budget": round(share, 3)}
                figures[f"{budget} MiB"] = row
                sys.stdout.write(f"{budget:5} MiB  {wall:7.1f} s  {memory:7.1f} MB  {share:.0%} of it\n")
                sys.stdout.flush()
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    peaks = [figures[f"{minutes} min"]["peak_mb"] for minutes in options.minutes]
    index = INDEX_MB * (options.minutes[-1] - options.minutes[0]) * (options.container == "mp4")
    return int(peaks[-1] - index > 1.1 * peaks[0])


if __name__ == "__main__":
    raise SystemExit(main())
