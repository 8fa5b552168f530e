"""Cold, again, and one of ten clips changed: what a second render costs, as ratios to the first.

Ten graded clips of 3 s, 1080p25, x264 veryfast crf 23, with sound. Every run is a whole process
(start, plan, hashes, join, verification); ``again`` and ``changed`` begin with the cache as the
runs before left it, ``cold`` with an empty one. Prints medians and their ratios to ``cold``,
and says whether the bytes of ``changed`` are those of a render without a cache.

    uv run python tests/benchmarks/bench_again.py --json figures.json
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_timeline import HEIGHT, RATE, WIDTH, sources

CLIPS, LENGTH = 10, 3
SIDES = ("cold", "again", "changed")
PROGRAM = [sys.executable, "-c", "import sys; from kadr_kernel.boot import main; sys.exit(main())"]


def project(folder: Path, clips: list[Path], changed: float | None = None) -> Path:
    """Ten clips in a row; ``changed``: another brightness for the sixth."""
    rows: list[dict[str, Any]] = []
    for number in range(CLIPS):
        value = changed if changed is not None and number == 5 else 0.05
        grade = [
            {"effect_type": "brightness", "parameters": {"value": value}},
            {"effect_type": "saturation", "parameters": {"value": 1.2}},
        ]
        clip = {"id": f"c{number}", "source_file": str(clips[number % len(clips)]), "effects": grade}
        times = {"start_time": LENGTH * number, "source_start": 0.5 * number, "duration": LENGTH}
        rows.append(clip | times)
    tracks = [{"id": "v1", "clips": rows}]
    export = {
        "video": {"codec": "h264", "crf": 23, "preset": "veryfast"},
        "audio": {"codec": "aac", "bitrate": 128000},
    }
    document = {"timeline": {"fps": RATE, "resolution": [WIDTH, HEIGHT], "tracks": tracks}, "export": export}
    path = folder / "film.tlp"
    path.write_text(json.dumps({"version": "1.0.0"} | document), "utf-8")
    return path


def render(document: Path, output: Path, home: Path, *options: str) -> tuple[float, list[str]]:
    """Seconds of one run, and the origins of its segments."""
    command = [*PROGRAM, "render", str(document), "-o", str(output), "-y", "--json", *options]
    environ = os.environ | {"KADR_HOME": str(home)}
    began = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environ, check=True)
    seconds = time.perf_counter() - began
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return seconds, [row["origin"] for row in rows if row["event"] == "SegmentEncoded"]


def measured(folder: Path, clips: list[Path], repeats: int) -> dict[str, Any]:
    """Medians, ratios, segments made, and whether the bytes agree."""
    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    made: dict[str, int] = {}
    home, output = folder / "home", folder / "film.mp4"
    for turn in range(repeats):
        shutil.rmtree(home, ignore_errors=True)
        for side in SIDES:
            document = project(folder, clips, 0.1 + turn / 100 if side == "changed" else None)
            took, origins = render(document, output, home)
            seconds[side].append(took)
            made[side] = origins.count("rendered")
    render(document, folder / "plain.mp4", home, "--no-cache")
    medians = {side: round(statistics.median(values), 3) for side, values in seconds.items()}
    return {
        "seconds": medians,
        "ratio": {side: round(medians[side] / medians["cold"], 4) for side in SIDES},
        "segments_made": made,
        "same_bytes": output.read_bytes() == (folder / "plain.mp4").read_bytes(),
    }


def main(argv: list[str] | None = None) -> int:
    """Run all sides in turn, several times; 1 where the bytes differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="PATH")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="kadr-bench-") as name:
        figures = measured(Path(name), sources(Path(name)), options.repeats)
    for side in SIDES:
        seconds, ratio = figures["seconds"][side], figures["ratio"][side]
        made = figures["segments_made"][side]
        sys.stdout.write(f"{side:8} {seconds:7.2f} s  {ratio:6.1%} of cold  {made} segments made\n")
    words = "the same" if figures["same_bytes"] else "DIFFERENT"
    sys.stdout.write(f"bytes with and without a cache: {words}\n")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return 0 if figures["same_bytes"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
