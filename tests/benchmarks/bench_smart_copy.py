"""Smart copy against a full encode, and against the ffmpeg program's ``-c copy`` where it can do the same.

One clip of 60 s, 1080p25 (x264, a key frame every 2 s, B-frames, AAC), made once. Three films:
``whole`` is the clip as it is; ``trim`` is cut off the key frames at both ends; ``inset`` is the
whole clip with another picture over it for 3 s. Each is rendered with ``--smart-copy off`` and
``auto`` (x264 veryfast crf 23), whole processes without the cache, seams verified. ``-c copy``
is measured for ``whole`` alone: it cuts at key frames only and cannot compose.

    uv run python tests/benchmarks/bench_smart_copy.py --json figures.json
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
from fractions import Fraction
from pathlib import Path
from typing import Any

from bench_timeline import HEIGHT, RATE, WIDTH, sources
from kadr_kernel.boot import boot
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import Renderer, RenderRequest

SECONDS = 60
PROGRAM = [sys.executable, "-c", "import sys; from kadr_kernel.boot import main; sys.exit(main())"]
VIDEO = {"codec": "h264", "crf": 23, "preset": "veryfast"}
FILMS = ("whole", "trim", "inset")


def camera(folder: Path, clips: list[Path]) -> Path:
    """A minute of picture in one file."""
    rows = [
        {"id": f"c{n}", "source_file": str(clips[n % len(clips)]), "start_time": 10 * n, "duration": 10}
        for n in range(SECONDS // 10)
    ]
    timeline = {"fps": RATE, "resolution": [WIDTH, HEIGHT], "tracks": [{"id": "v", "clips": rows}]}
    path = folder / "camera.mp4"
    video = VIDEO | {"preset": "superfast", "gop": 2 * RATE, "crf": 21}
    with boot(environ={"KADR_HOME": str(folder / "home")}) as kernel:
        renderer = kernel.container.get(Renderer)
        renderer.render(parse_project({"timeline": timeline}), folder, RenderRequest(path, video=video))
    return path


def project(folder: Path, name: str, source: Path, other: Path) -> Path:
    """One of the films."""
    clip: dict[str, Any] = {"id": "a", "source_file": str(source), "start_time": 0, "duration": SECONDS}
    if name == "trim":
        clip |= {"source_start": 0.68, "duration": SECONDS - 2}
    tracks: list[Any] = [{"id": "v", "clips": [clip]}]
    if name == "inset":
        place = {"scale_x": 0.3, "scale_y": 0.3, "position_x": -0.3, "position_y": 0.3}
        over = {"id": "i", "source_file": str(other), "start_time": 29.3, "duration": 3, "muted": True}
        tracks.append({"id": "v2", "clips": [over | {"transform": place}]})
    timeline = {"fps": RATE, "resolution": [WIDTH, HEIGHT], "tracks": tracks}
    path = folder / f"{name}.tlp"
    path.write_text(
        json.dumps({"version": "1.0.0", "timeline": timeline, "export": {"video": VIDEO}}), "utf-8"
    )
    return path


def render(document: Path, output: Path, home: Path, mode: str) -> tuple[float, dict[str, Any]]:
    """Seconds of a whole process, and its report."""
    options = ["-y", "--json", "--no-cache", "--smart-copy", mode]
    command = [*PROGRAM, "render", str(document), "-o", str(output), *options]
    began = time.perf_counter()
    done = subprocess.run(
        command, stdout=subprocess.PIPE, env=os.environ | {"KADR_HOME": str(home)}, check=True
    )
    seconds = time.perf_counter() - began
    return seconds, json.loads(done.stdout.splitlines()[-1])


def stream_copy(program: str, source: Path, output: Path) -> float:
    """Seconds of the ffmpeg program for the same packets, its sound encoded as well."""
    options = ["-c:v", "copy", "-c:a", "aac", "-b:a", "192k", "-movflags", "+faststart"]
    command = [program, "-v", "error", "-y", "-i", str(source), *options, str(output)]
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began


def measured(folder: Path, repeats: int) -> list[dict[str, Any]]:
    """A row for each film: medians of seconds, ratio, what was copied."""
    clips = sources(folder)
    source = camera(folder, clips)
    program = shutil.which("ffmpeg")
    rows = []
    for name in FILMS:
        document = project(folder, name, source, clips[1])
        times: dict[str, list[float]] = {"off": [], "auto": [], "ffmpeg": []}
        reports: dict[str, Any] = {}
        for _ in range(repeats):
            for mode in ("off", "auto"):
                seconds, reports[mode] = render(document, folder / f"{mode}.mp4", folder / "home", mode)
                times[mode].append(seconds)
            if name == "whole" and program:
                times["ffmpeg"].append(stream_copy(program, source, folder / "copy.mp4"))
        medians = {mode: round(statistics.median(t), 3) for mode, t in times.items() if t}
        report = reports["auto"]
        rows.append(
            {
                "film": name,
                "seconds": medians,
                "ratio": round(medians["auto"] / medians["off"], 4),
                "copied": round(report["copied"] / report["frames"], 4),
                "stages": report["stages"],
                "times_real": round(float(Fraction(report["frames"], RATE)) / medians["auto"], 1),
                "fallbacks": len(report["warnings"]),
            }
        )
    return rows


def main(argv: list[str] | None = None) -> int:
    """Run all films; 1 where a copy had to be encoded after all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="PATH")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="kadr-bench-") as name:
        rows = measured(Path(name), options.repeats)
    for row in rows:
        seconds = row["seconds"]
        beside = f", ffmpeg -c:v copy {seconds['ffmpeg']:.2f} s" if "ffmpeg" in seconds else ""
        figures = f"{row['ratio']:.1%} of it, {row['copied']:.1%} copied, {row['times_real']:.0f}x real time"
        sys.stdout.write(
            f"{row['film']:6} off {seconds['off']:6.2f} s  auto {seconds['auto']:6.2f} s  {figures}{beside}\n"
            f"       {row['stages']}\n"
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    return 1 if any(row["fallbacks"] for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
