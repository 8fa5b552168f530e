"""The 28 s timeline of the performance goals, kadr against every peer that is there, in one run.

The timeline of ``bench_timeline.py`` at x264 veryfast crf 23 with AAC, as whole processes in turn:
the system's ffmpeg program, the newest one (``imageio-ffmpeg``), ``melt`` (Debian's package),
MoviePy (PyPI) and GES (``ges-launch-1.0``). A peer that is absent, or fails, is named and left out.
Peers in Python run in ``--python``, so that nothing of theirs comes into kadr's own environment.

MoviePy has no blur of its own, so Pillow's does it. melt's blur is libavfilter's, as kadr's is; its
grade is too. GES grades by
``videobalance`` and blurs by ``gaussianblur``; its program takes no settings of the encoder, so its
figure is of x264's own defaults at 2 Mbit/s, and stands apart. (1.22 ends without the film.)

    uv venv /tmp/peers && uv pip install --python /tmp/peers/bin/python moviepy imageio-ffmpeg
    apt-get install melt ges1.0-tools gstreamer1.0-plugins-{bad,ugly} gstreamer1.0-libav
    uv run python tests/benchmarks/bench_peers.py --python /tmp/peers/bin/python --json figures.json
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
from collections.abc import Callable
from pathlib import Path

from bench_timeline import BLUR, GRADE, ffmpeg_command, measured, project, sources
from kadr_kernel.boot import boot
from kadr_sdk.rendering import Renderer

PROGRAM = [sys.executable, "-c", "import sys; from kadr_kernel.boot import main; sys.exit(main())"]
LIMIT = 900
"""Seconds; a peer that needs longer is ended and left out."""

_MOVIEPY = """
import sys
import numpy as np
from moviepy import CompositeVideoClip, VideoFileClip, afx, vfx
from PIL import Image, ImageFilter

table = np.clip(128 + 1.1 * (np.arange(256) - 128), 0, 255)

def grade(frame):
    found = table[frame]
    grey = found @ (0.2126, 0.7152, 0.0722)
    return np.clip(grey[..., None] + 1.2 * (found - grey[..., None]), 0, 255).astype(np.uint8)

def blur(frame):
    return np.asarray(Image.fromarray(frame).filter(ImageFilter.GaussianBlur(4)))

if __name__ == "__main__":
    paths, target = sys.argv[1:4], sys.argv[4]
    clips = [VideoFileClip(path).subclipped(0, 10).image_transform(grade) for path in paths]
    clips[1] = clips[1].image_transform(blur)
    rows = [clips[0]]
    for number, clip in enumerate(clips[1:], 1):
        rows[-1] = rows[-1].with_effects([afx.AudioFadeOut(1)])
        rows.append(clip.with_start(9 * number).with_effects([vfx.CrossFadeIn(1), afx.AudioFadeIn(1)]))
    inset = VideoFileClip(paths[2]).subclipped(0, 10).without_audio().resized(0.25)
    film = CompositeVideoClip([*rows, inset.with_start(9).with_position((1392, 27))])
    settings = {"fps": 25, "codec": "libx264", "preset": "veryfast", "threads": 2, "logger": None}
    extra = ["-crf", "23", "-pix_fmt", "yuv420p"]
    film.write_videofile(target, audio_codec="aac", audio_bitrate="128k", ffmpeg_params=extra, **settings)
"""


def melt_command(clips: list[Path], target: Path) -> list[str]:
    """The same with melt: three clips mixed into each other, an inset on a second track."""
    luma, chroma = (GRADE.split(f"{plane}='")[1].split("'")[0] for plane in ("y", "u"))
    grade = ["-attach", "avfilter.lutyuv", f"av.y={luma}", f"av.u={chroma}", f"av.v={chroma}"]
    blur = [
        part
        for text in BLUR.split(",")
        for part in (
            "-attach",
            "avfilter.gblur",
            *(f"av.{o}" for o in text.removeprefix("gblur=").split(":")),
        )
    ]
    mix = ["-mix", "25", "-mixer", "luma", "-mixer", "mix:-1"]
    film = [str(clips[0]), "in=0", "out=249", *grade]
    film += [str(clips[1]), "in=0", "out=249", *grade, *blur, *mix]
    film += [str(clips[2]), "in=0", "out=249", *grade, *mix]
    inset = ["-track", "-blank", "224", str(clips[2]), "in=0", "out=249", "audio_index=-1"]
    place = ["-transition", "affine", "in=225", "out=474", "a_track=0", "b_track=1"]
    place += ["rect=1392 27 480 270 1", "fill=1"]
    encode = [f"avformat:{target}", "vcodec=libx264", "preset=veryfast", "crf=23", "acodec=aac", "ab=128k"]
    profile = ["-profile", "atsc_1080p_25"]
    return ["melt", "-silent", *film, *inset, *place, *profile, "-consumer", *encode, "real_time=-2"]


def ges_command(clips: list[Path], target: Path) -> list[str]:
    """The same with GES: clips that overlap on one layer fade into each other by themselves."""
    grade = ["+effect", "videobalance contrast=1.1 saturation=1.2"]
    rows: list[str] = []
    for number, path in enumerate(clips):
        # The latest layer is the lowest: the inset's comes first.
        rows += ["+clip", str(path), f"start={9 * number}", "duration=10", "layer=1", *grade]
        rows += ["+effect", "gaussianblur sigma=4"] if number == 1 else []
    rows += ["+clip", str(clips[2]), "start=9", "duration=10", "layer=0", "set-alpha", "1.0"]
    rows += ["set-posx", "1392", "set-posy", "27", "set-width", "480", "set-height", "270"]
    form = "video/quicktime,variant=iso:video/x-h264:audio/mpeg,mpegversion=4"
    return ["ges-launch-1.0", *rows, "--track-types=video+audio", f"--format={form}", "-o", target.as_uri()]


def newest(python: str) -> str | None:
    """The program of ``imageio-ffmpeg`` in another environment."""
    code = "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def sides(folder: Path, clips: list[Path], python: str) -> dict[str, Callable[[], list[str] | None]]:
    """Commands by side; None where the peer is not there."""
    document, script = project(folder, clips), folder / "film.py"
    script.write_text(_MOVIEPY, "utf-8")

    def target(name: str) -> Path:
        return folder / f"{name}.mp4"

    def kadr() -> list[str]:
        return [*PROGRAM, "render", str(document), "-o", str(target("kadr")), "-y", "--no-cache"]

    def ffmpeg(name: str, program: str | None) -> list[str] | None:
        return ffmpeg_command(program, clips, target(name)) if program else None

    def moviepy() -> list[str] | None:
        found = subprocess.run([python, "-c", "import moviepy"], capture_output=True, check=False)
        names = [*map(str, clips), str(target("moviepy"))]
        return None if found.returncode else [python, str(script), *names]

    return {
        "kadr": kadr,
        "ffmpeg": lambda: ffmpeg("ffmpeg", shutil.which("ffmpeg")),
        "ffmpeg-newest": lambda: ffmpeg("ffmpeg-newest", newest(python)),
        "melt": lambda: melt_command(clips, target("melt")) if shutil.which("melt") else None,
        "ges": lambda: ges_command(clips, target("ges")) if shutil.which("ges-launch-1.0") else None,
        "moviepy": moviepy,
    }


def main(argv: list[str] | None = None) -> int:
    """Run all sides in turn, several times; medians, and each as a ratio to kadr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="PATH")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--python", default=sys.executable, help="interpreter with moviepy, imageio-ffmpeg")
    parser.add_argument("--only", action="append", metavar="SIDE", help="this side; may be given again")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="kadr-bench-") as name:
        folder = Path(name)
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        commands = sides(folder, sources(folder), options.python)
        chosen = [side for side in commands if not options.only or side in options.only]
        figures = _measured(chosen, commands, folder, options.repeats)
    _print(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return 0


Figures = dict[str, dict[str, float]]


def _measured(
    chosen: list[str], commands: dict[str, Callable[[], list[str] | None]], folder: Path, repeats: int
) -> Figures:
    rows: dict[str, list[tuple[float, float, int]]] = {}
    for _ in range(repeats):
        for side in list(chosen):
            command = commands[side]()
            if command is None:
                sys.stdout.write(f"{side}: absent\n")
                chosen.remove(side)
                continue
            try:
                limit = ["timeout", str(LIMIT)] if shutil.which("timeout") else []
                figures = measured([*limit, *command])
                _refuse_other(folder / f"{side}.mp4")
                rows.setdefault(side, []).append(figures)
            except SystemExit as error:
                sys.stdout.write(f"{side}: left out, {str(error)[-600:]}\n")
                rows.pop(side, None)
                chosen.remove(side)
    return {side: _median(runs, folder / f"{side}.mp4") for side, runs in rows.items() if runs}


def _refuse_other(path: Path) -> None:
    """A peer that ended without a film of 28 s has made something else."""
    with boot() as kernel:
        found = kernel.container.get(Renderer).verify(path).facts.get("seconds", 0.0)
    if abs(found - 28) > 0.2:
        raise SystemExit(f"it made {found:.2f} s instead of 28 s")


def _median(runs: list[tuple[float, float, int]], path: Path) -> dict[str, float]:
    wall, cpu, memory = (statistics.median(column) for column in zip(*runs, strict=True))
    size = path.stat().st_size if path.exists() else 0
    return {"wall_s": wall, "cpu_s": cpu, "rss_mb": memory / 1000, "bytes": size}


def _print(figures: Figures) -> None:
    ours = figures.get("kadr")
    for side, row in figures.items():
        text = f"{side:14} {row['wall_s']:7.2f} s wall {row['cpu_s']:7.2f} s CPU {row['rss_mb']:6.0f} MB"
        text += f" {row['bytes'] / 1e6:6.2f} MB"
        if ours and side != "kadr":
            ratios = {key: ours[key] / value for key, value in row.items() if value}
            text += "  kadr is " + ", ".join(f"{key} {value:.2f}x" for key, value in ratios.items())
        sys.stdout.write(text + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
