"""Decode, effect, encode: each format by kadr and by an ffmpeg program, in the same run.

    uv run python tests/benchmarks/bench_formats.py --json figures.json

A film of 20 s at 1280x720 with moving shapes and grain, in the format; its contrast and saturation are
raised; it is encoded to the same format with the same settings. Both sides are whole processes. kadr's
time includes start, planning, hashing and verification. Prints kadr / ffmpeg of medians, wall and CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_timeline import find_ffmpeg, measured

RATE, WIDTH, HEIGHT, GOP = 25, 1280, 720, 50
_QUIET = ("-y", "-v", "error", "-nostdin")
_LIMITED = "scale=out_color_matrix=bt709:out_range=tv"


@dataclass(frozen=True, slots=True)
class Format:
    """A codec with the same settings for both sides.

    Attributes:
        ours: fields of ``export.video``; theirs: options of the program.
        first: filters of the program that do what kadr does to such a source before an effect.
    """

    name: str
    suffix: str
    ours: dict[str, Any]
    theirs: tuple[str, ...]
    pixels: str = "yuv420p"
    first: str = ""


def _crf(codec: str, encoder: str, preset: str, crf: int, option: str = "-preset", *more: str) -> Format:
    ours = {"codec": codec, "preset": preset, "crf": crf, "gop": GOP}
    return Format(
        codec, "mkv", ours, ("-c:v", encoder, option, preset, "-crf", str(crf), "-g", str(GOP), *more)
    )


FORMATS = (
    _crf("h264", "libx264", "veryfast", 23),
    _crf("hevc", "libx265", "ultrafast", 28, "-preset", "-x265-params", "log-level=none"),
    _crf("vp9", "libvpx-vp9", "8", 31, "-cpu-used", "-b:v", "0", "-deadline", "good"),
    _crf("av1", "libsvtav1", "12", 35),
    Format("prores", "mov", {"codec": "prores"}, ("-c:v", "prores_ks"), "yuv422p10le"),
    Format(
        "ffv1",
        "mkv",
        {"codec": "ffv1"},
        ("-c:v", "ffv1", "-level", "3", "-slices", "4", "-slicecrc", "1", "-g", "1"),
    ),
    Format(
        "mpeg2video",
        "ts",
        {"codec": "mpeg2video", "gop": 12, "b_frames": 2, "quality": 97},
        ("-c:v", "mpeg2video", "-q:v", "3", "-bf", "2"),
    ),
    Format("mpeg4", "mkv", {"codec": "mpeg4", "gop": 12, "quality": 97}, ("-c:v", "mpeg4", "-q:v", "3")),
    Format(
        "mjpeg",
        "mov",
        {"codec": "mjpeg", "quality": 97},
        ("-c:v", "mjpeg", "-q:v", "3", "-strict", "unofficial"),
        first=_LIMITED,
    ),
)


def grade(form: Format) -> str:
    """Contrast 1.1 about middle grey and saturation 1.2, in the codes of the format."""
    scale = 4 if "10" in form.pixels else 1
    low, high, most, grey, middle = (v * scale for v in (16, 235, 240, 125.5, 128))
    luma = f"clip({grey}+1.1*(val-{grey}),{low},{high})"
    chroma = f"clip({middle}+1.32*(val-{middle}),{low},{most})"
    table = f"lutyuv=y='{luma}':u='{chroma}':v='{chroma}'"
    return ",".join(filter(None, (form.first, table)))


def source(program: str, form: Format, folder: Path, seconds: int) -> Path:
    """The film in a format, made by the program."""
    path = folder / f"source-{form.name}.{form.suffix}"
    picture = f"testsrc2=s={WIDTH}x{HEIGHT}:r={RATE}:d={seconds},noise=alls=6:allf=t,format={form.pixels}"
    tags = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")
    command = [program, *_QUIET, "-f", "lavfi", "-i", picture, *form.theirs, *tags, str(path)]
    subprocess.run(command, check=True)
    return path


def commands(program: str, form: Format, folder: Path, seconds: int) -> dict[str, list[str]]:
    """What either side runs."""
    path = source(program, form, folder, seconds)
    effects = [
        {"effect_type": "contrast", "parameters": {"value": 1.1}},
        {"effect_type": "saturation", "parameters": {"value": 1.2}},
    ]
    clip = {"id": "c", "source_file": path.name, "duration": seconds, "effects": effects}
    timeline = {"fps": RATE, "resolution": [WIDTH, HEIGHT], "tracks": [{"id": "v", "clips": [clip]}]}
    video = form.ours | {"pixel_format": form.pixels}
    document = {"version": "1.0.0", "timeline": timeline, "export": {"video": video}}
    project = folder / f"{form.name}.tlp"
    project.write_text(json.dumps(document), "utf-8")
    start = [sys.executable, "-c", "import sys; from kadr_kernel.boot import main; sys.exit(main())"]
    target = str(folder / f"kadr-{form.name}.{form.suffix}")
    options = ["-y", "--no-cache"]
    theirs = [program, *_QUIET, "-i", str(path), "-vf", f"{grade(form)},format={form.pixels}", *form.theirs]
    return {
        "kadr": [*start, "render", str(project), "-o", target, *options],
        "ffmpeg": [*theirs, str(folder / f"ffmpeg-{form.name}.{form.suffix}")],
    }


def compared(program: str, form: Format, folder: Path, repeats: int, seconds: int) -> dict[str, float]:
    """Ratios of medians, and the sizes of what came out."""
    sides = commands(program, form, folder, seconds)
    rows: dict[str, list[tuple[float, float]]] = {side: [] for side in sides}
    for _ in range(repeats):
        for side, command in sides.items():
            rows[side].append(measured(command)[:2])
    middle = {s: [statistics.median(c) for c in zip(*runs, strict=True)] for s, runs in rows.items()}
    size = {side: (folder / f"{side}-{form.name}.{form.suffix}").stat().st_size for side in sides}
    (wall, cpu), (their_wall, their_cpu) = middle["kadr"], middle["ffmpeg"]
    ratios = {"wall": wall / their_wall, "cpu": cpu / their_cpu if their_cpu else 0.0}
    return {"wall_s": wall, "cpu_s": cpu} | ratios | {"bytes": size["kadr"] / size["ffmpeg"]}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line a format."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("formats", nargs="*", help="names of codecs; all")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=20, help="of the film")
    parser.add_argument("--ffmpeg", metavar="PATH")
    parser.add_argument("--json", type=Path, metavar="PATH")
    options = parser.parse_args(arguments)
    program = find_ffmpeg(options.ffmpeg)
    if program is None:
        sys.stderr.write("there is no ffmpeg program: uv run --with imageio-ffmpeg, or --ffmpeg PATH\n")
        return 1
    chosen = [form for form in FORMATS if not options.formats or form.name in options.formats]
    figures = {}
    sys.stdout.write(f"{'kadr / ffmpeg':12} {'wall':>6} {'CPU':>6} {'bytes':>6}   kadr: wall, CPU\n")
    for form in chosen:
        with tempfile.TemporaryDirectory(prefix="kadr-bench-") as name:
            os.environ["KADR_HOME"] = f"{name}/home"
            row = compared(program, form, Path(name), options.repeats, options.seconds)
        figures[form.name] = row
        ratios = " ".join(f"{row[key]:6.2f}" for key in ("wall", "cpu", "bytes"))
        sys.stdout.write(f"{form.name:13} {ratios}   {row['wall_s']:.1f} s, {row['cpu_s']:.1f} s\n")
        sys.stdout.flush()
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
