"""The 28 s timeline of the performance goals, kadr against an ffmpeg program in the same run.

Three clips of 10 s, 1080p25, each graded, the second blurred, two crossfades of 1 s, a picture
in a picture for 10 s; x264 veryfast crf 23, AAC. Both sides are whole processes; kadr's time
includes planning, hashing and verification. The ffmpeg program is the one on the path, or that
of ``imageio-ffmpeg`` where it is installed, or ``--ffmpeg PATH``. Prints ratios of medians, and
the floor: what decoding the sources and encoding the finished pictures alone take that program,
with no filter, no sound and one codec thread each, which no engine with these encoder settings
can go below where all cores are busy.

    uv run --with imageio-ffmpeg python tests/benchmarks/bench_timeline.py --json figures.json
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
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from kadr_kernel.boot import boot
from kadr_sdk.color import BT709
from kadr_sdk.frames import AudioBlock, VideoFrame
from kadr_sdk.output import AudioEncoding, Output, VideoEncoding
from kadr_sdk.rendering import Renderer

WIDTH, HEIGHT, RATE, SECONDS = 1920, 1080, 25, 10
_LUMA, _CHROMA = "clip(125.5+1.1*(val-125.5),16,235)", "clip(128+1.32*(val-128),16,240)"
GRADE = f"lutyuv=y='{_LUMA}':u='{_CHROMA}':v='{_CHROMA}'"
BLUR = "gblur=sigma=4:steps=3:planes=1,gblur=sigma=2:steps=3:planes=6"
"""One grade and one blur, written for both: contrast 1.1 about middle grey, saturation 1.2, limited
range; a radius of 4, which is 2 on the chroma planes of 4:2:0."""


def sources(folder: Path) -> list[Path]:
    """Three clips with texture, motion and moving grain, so that the encoder has real work."""
    rng = np.random.default_rng(1)
    texture = _smooth(np.kron(rng.normal(0, 1, (135, 240)), np.ones((8, 8))))
    fine = rng.normal(0, 1.5, (HEIGHT, WIDTH))
    paths = [folder / f"clip{n}.mp4" for n in range(3)]
    with boot() as kernel:
        backend = kernel.container.get(Renderer).backend()
        video = VideoEncoding(
            "h264", "yuv420p", WIDTH, HEIGHT, Fraction(RATE), BT709, crf=18, preset="veryfast"
        )
        audio = AudioEncoding("aac", 48000, "stereo")
        output = backend.prepare(Output("bench", "mp4", video, audio))
        for number, path in enumerate(paths):
            backend.write(path, output, _pictures(number, texture, fine), [_tone(220.0 * (number + 1))])
    return paths


def _smooth(field: Any) -> Any:
    for axis in (0, 1):
        field = sum(np.roll(field, k, axis) for k in range(-4, 5)) / 9
    return field / field.std()


def _pictures(number: int, texture: Any, fine: Any) -> Iterator[VideoFrame]:
    base = 110 + 25 * texture + np.linspace(-40, 40, WIDTH)[None, :]
    rng = np.random.default_rng(number)
    for k in range(RATE * SECONDS):
        frame = VideoFrame.empty("yuv420p", WIDTH, HEIGHT, BT709)
        shift = (3 + number) * k
        grain = np.roll(fine, rng.integers(0, WIDTH, 2), (0, 1))
        frame.planes[0][...] = np.clip(np.roll(base, (shift // 2, shift), (0, 1)) + grain, 16, 235)
        frame.planes[1][...] = 100 + 12 * number + (np.arange(WIDTH // 2) + 2 * k)[None, :] % 64 // 2
        frame.planes[2][...] = 120 + (np.arange(HEIGHT // 2) + k)[:, None] % 48 // 2
        yield frame


def _tone(frequency: float) -> AudioBlock:
    at = np.arange(SECONDS * 48000) / 48000
    wave = (0.2 * np.sin(2 * np.pi * frequency * at)).astype(np.float32)
    return AudioBlock(np.stack([wave, wave]), 48000)


def project(folder: Path, clips: list[Path]) -> Path:
    """The timeline for kadr."""
    grade: list[Any] = [
        {"effect_type": "contrast", "parameters": {"value": 1.1}},
        {"effect_type": "saturation", "parameters": {"value": 1.2}},
    ]
    blur = {"effect_type": "blur", "parameters": {"radius": 4}}
    rows = [
        {
            "id": f"c{n}",
            "source_file": str(p),
            "start_time": 9 * n,
            "duration": 10,
            "effects": [*grade, *([blur] if n == 1 else [])],
        }
        for n, p in enumerate(clips)
    ]
    joints = [{"transition_type": "dissolve", "between": [f"c{n}", f"c{n + 1}"]} for n in range(2)]
    inset = {
        "id": "pip",
        "source_file": str(clips[2]),
        "start_time": 9,
        "duration": 10,
        "muted": True,
        "transform": {"scale_x": 0.25, "scale_y": 0.25, "position_x": 0.35, "position_y": -0.35},
    }
    tracks = [{"id": "v1", "clips": rows, "transitions": joints}, {"id": "v2", "clips": [inset]}]
    export = {
        "video": {"codec": "h264", "crf": 23, "preset": "veryfast"},
        "audio": {"codec": "aac", "bitrate": 128000},
    }
    document = {"timeline": {"fps": 25, "resolution": [WIDTH, HEIGHT], "tracks": tracks}, "export": export}
    path = folder / "timeline.tlp"
    path.write_text(json.dumps({"version": "1.0.0"} | document), "utf-8")
    return path


def ffmpeg_command(program: str, clips: list[Path], target: Path) -> list[str]:
    """The same timeline as one filter graph."""
    graph = (
        f"[0:v]{GRADE}[a];[1:v]{GRADE},{BLUR}[b];[2:v]{GRADE}[c];"
        "[a][b]xfade=transition=fade:duration=1:offset=9[ab];"
        "[ab][c]xfade=transition=fade:duration=1:offset=18[abc];"
        "[3:v]scale=480:270,setpts=PTS+9/TB[p];"
        "[abc][p]overlay=x=1392:y=27:eof_action=pass,format=yuv420p[v];"
        "[0:a][1:a]acrossfade=d=1:c1=qsin:c2=qsin[x];[x][2:a]acrossfade=d=1:c1=qsin:c2=qsin[s]"
    )
    inputs = [part for path in [*clips, clips[2]] for part in ("-i", str(path))]
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-c:a", "aac", "-b:a", "128k"]
    maps = ["-map", "[v]", "-map", "[s]"]
    return [program, "-y", "-v", "error", *inputs, "-filter_complex", graph, *maps, *encode, str(target)]


def floor_commands(program: str, clips: list[Path], film: Path, raw: Path) -> dict[str, list[str]]:
    """Decoding what the timeline reads, and encoding its pictures from a file of raw ones."""
    quiet = [program, "-y", "-v", "error"]
    subprocess.run([*quiet, "-i", str(film), "-map", "0:v", "-f", "rawvideo", str(raw)], check=True)
    decode = [*quiet]
    for path in [*clips, clips[2]]:
        decode += ["-threads", "1", "-i", str(path)]
    for number in range(len(clips) + 1):
        decode += ["-map", f"{number}:v", "-f", "null", "-"]
    shape = ["-f", "rawvideo", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", str(raw)]
    x264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-threads", "1"]
    return {"decode": decode, "encode": [*quiet, *shape, *x264, str(raw.with_suffix(".mp4"))]}


METER = """
import json, os, subprocess, sys, time
began = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
wall, cpu = time.perf_counter() - began, usage.ru_utime + usage.ru_stime
json.dump([os.waitstatus_to_exitcode(status), wall, cpu, usage.ru_maxrss], sys.stdout)
"""
"""Measures a command from a small process: the peak of a child begins at the size of what starts it."""


def measured(command: list[str]) -> tuple[float, float, int]:
    """Wall seconds, CPU seconds and peak resident kilobytes of a whole process."""
    if not hasattr(os, "wait4"):  # Windows tells no CPU time of a child: wall time alone
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began, 0.0, 0
    meter = [sys.executable, "-I", "-S", "-c", METER, *command]
    done = subprocess.run(meter, check=True, capture_output=True)
    code, wall, cpu, memory = json.loads(done.stdout)
    if code:
        raise SystemExit(f"{command[0]} failed: {done.stderr.decode(errors='replace')[-2000:]}")
    return wall, cpu, memory


def find_ffmpeg(given: str | None) -> str | None:
    """The program to compare with."""
    if given or (found := shutil.which("ffmpeg")):
        return given or found
    try:
        import imageio_ffmpeg
    except ImportError:
        return None
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def main(argv: list[str] | None = None) -> int:
    """Run all sides in turn, several times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="PATH")
    parser.add_argument("--ffmpeg", metavar="PATH")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, default=0)
    options = parser.parse_args(argv)
    program = find_ffmpeg(options.ffmpeg)
    with tempfile.TemporaryDirectory(prefix="kadr-bench-") as name:
        folder = Path(name)
        clips = sources(folder)
        document = project(folder, clips)
        kadr = [sys.executable, "-c", "import sys; from kadr_kernel.boot import main; sys.exit(main())"]
        sides = {
            "kadr": [
                *kadr,
                "render",
                str(document),
                "-o",
                str(folder / "kadr.mp4"),
                "-y",
                "--no-cache",
                "--workers",
                str(options.workers),
            ]
        }
        if program:
            sides["ffmpeg"] = ffmpeg_command(program, clips, folder / "ffmpeg.mp4")
        rows: dict[str, list[tuple[float, float, int]]] = {side: [] for side in sides}
        for _ in range(options.repeats):
            for side, command in sides.items():
                rows[side].append(measured(command))
        figures = _print(rows, folder)
        if program:
            parts = floor_commands(program, clips, folder / "ffmpeg.mp4", folder / "raw.yuv")
            seconds = sum(measured(command)[1] for command in parts.values())
            figures["floor"] = {"cpu_s": seconds, "ratio": seconds / figures["ffmpeg"]["cpu_s"]}
            sys.stdout.write(f"floor / ffmpeg: cpu_s {figures['floor']['ratio']:.2f}\n")
        if options.json:
            options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return 0


def _print(rows: dict[str, list[tuple[float, float, int]]], folder: Path) -> dict[str, dict[str, float]]:
    figures: dict[str, dict[str, float]] = {}
    for side, runs in rows.items():
        wall, cpu, memory = (statistics.median(column) for column in zip(*runs, strict=True))
        size = (folder / f"{side}.mp4").stat().st_size
        figures[side] = {"wall_s": wall, "cpu_s": cpu, "rss_mb": memory / 1000, "bytes": size}
        sys.stdout.write(
            f"{side:8} {wall:7.2f} s wall  {cpu:7.2f} s CPU  {memory / 1000:7.0f} MB  {size / 1e6:6.2f} MB\n"
        )
    if "ffmpeg" in figures:
        ours, theirs = figures["kadr"], figures["ffmpeg"]
        ratios = {key: ours[key] / theirs[key] for key in ours if theirs[key]}
        figures["ratio"] = ratios
        words = ", ".join(f"{key} {value:.2f}" for key, value in ratios.items())
        sys.stdout.write(f"kadr / ffmpeg: {words}\n")
    return figures


if __name__ == "__main__":
    raise SystemExit(main())
