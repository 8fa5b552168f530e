"""Killed at any moment and run again: the same bytes, and nothing made twice that was finished.

A film of eight segments with sound is rendered undisturbed. Then, again and again, with an empty
cache: a render is killed (kill -9) at a random moment between its start and the time that the
undisturbed one took, and run again. Each time: nothing stands under the final name after the
kill (unless it had finished), the second render gives the bytes of the undisturbed one, every
segment that the first had told of is reused, and no temporary file is left. What fails is
printed and the exit code is 1.

    uv run python tests/benchmarks/faults.py --kills 50 --json figures.json
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kadr_kernel.boot import boot
from kadr_sdk.frames import AudioBlock
from kadr_sdk.output import AudioEncoding, Output
from kadr_sdk.rendering import Renderer

PROGRAM = [sys.executable, "-c", "import sys; from kadr_kernel.boot import main; sys.exit(main())"]
SEGMENTS = 8


@dataclass(frozen=True, slots=True)
class Run:
    """One process: its wall time, the segments it told of by origin, its report."""

    seconds: float
    finished: set[int]
    reused: int
    digest: str


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill and the render after it; ``fault``: what was wrong, empty where nothing was."""

    moment: float
    finished: int
    reused: int
    sound_reused: bool
    again: float
    fault: str


def project(folder: Path) -> Path:
    """Eight clips of lengths of their own, so that no two segments are the same, and a tune."""
    import numpy as np

    wave = (0.2 * np.sin(np.arange(48000 * 26) / 20)).astype(np.float32)
    with boot(environ={"KADR_HOME": str(folder / "home")}) as kernel:
        output = Output("test", "flac", None, AudioEncoding("flac", 48000, "stereo"))
        backend = kernel.container.get(Renderer).backend()
        backend.write(folder / "tune.flac", output, None, [AudioBlock(np.stack([wave, wave]), 48000)])
    clips: list[dict[str, Any]] = []
    start = 0
    for frames in range(75, 75 + SEGMENTS):
        times = {"start_time": f"{start}/25", "duration": f"{frames}/25"}
        clips.append({"id": f"c{frames}", "generator": {"type": "test_card"}, **times})
        start += frames
    tune = {"id": "t", "source_file": "tune.flac", "start_time": 0, "duration": f"{start}/25"}
    tracks = [{"id": "v", "type": "video", "clips": clips}, {"id": "a", "type": "audio", "clips": [tune]}]
    timeline = {"fps": 25, "resolution": [640, 360], "tracks": tracks}
    export = {"video": {"codec": "h264", "preset": "veryfast"}, "audio": {"codec": "aac"}}
    path = folder / "film.tlp"
    document = {"metadata": {"id": "film"}, "timeline": timeline, "export": export}
    path.write_text(json.dumps(document), "utf-8")
    return path


def render(document: Path, output: Path, home: Path, kill_at: float | None = None) -> Run:
    """Render in a process of its own, killed after so many seconds."""
    command = [*PROGRAM, "render", str(document), "-o", str(output), "--json"]
    began = time.monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"KADR_HOME": str(home)}
    )
    timer = threading.Timer(kill_at, process.kill) if kill_at is not None else None
    if timer is not None:
        timer.start()
    finished, reused, digest = set[int](), 0, ""
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            try:
                row = json.loads(line)
            except ValueError:  # the kill cut it off
                break
            if row["event"] == "SegmentEncoded":
                finished.add(row["segment"])
            elif row["event"] == "Report":
                reused, digest = row["reused"], row["digest"]
    process.wait()
    if timer is not None:
        timer.cancel()
    return Run(time.monotonic() - began, finished, reused, digest)


def sound_was_kept(home: Path) -> bool:
    """Whether the killed render has left its sound in the cache."""
    with boot(environ={"KADR_HOME": str(home)}) as kernel:
        from kadr_sdk.services import Cache

        stats: Any = kernel.container.get(Cache)
        return bool(stats.stats()["kinds"].get("audio", {}).get("entries"))


def kill(document: Path, folder: Path, moment: float, whole: str) -> Kill:
    """Kill a render at a moment, and run it again."""
    output, home = folder / "film.mp4", folder / "home"
    jobs = home / "cache" / "jobs"
    first = render(document, output, home, moment)
    stood = output.exists()
    sound = sound_was_kept(home)
    if stood:
        output.unlink()
    second = render(document, output, home)
    fault = ""
    if stood and not first.digest and second.reused != SEGMENTS:
        fault = "something stood under the final name before the film was finished"
    elif second.digest != whole:
        fault = f"other bytes: {second.digest[:12]}, not {whole[:12]}"
    elif second.reused < len(first.finished):
        fault = f"{len(first.finished)} segments were finished, {second.reused} reused"
    elif left := [p.name for p in (*folder.iterdir(), *jobs.iterdir()) if p not in (output, home)]:
        fault = f"left behind: {left}"
    return Kill(moment, len(first.finished), second.reused, sound, second.seconds, fault)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there as JSON")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        document = project(folder)
        whole = render(document, folder / "whole.mp4", folder / "whole-home")
        rows = []
        for number in range(options.kills):
            own = folder / f"kill-{number}"
            own.mkdir()
            rows.append(kill(document, own, chance.uniform(0.0, whole.seconds), whole.digest))
            mark = rows[-1].fault or "the same bytes"
            sys.stdout.write(
                f"{number + 1:3d}  killed at {rows[-1].moment:5.2f} s with {rows[-1].finished} of {SEGMENTS}"
                f" finished, {rows[-1].reused} reused: {mark}\n"
            )
            sys.stdout.flush()
    bad = [row for row in rows if row.fault]
    again = statistics.median(row.again for row in rows) / whole.seconds
    kept = sum(row.sound_reused for row in rows)
    sys.stdout.write(
        f"{len(rows)} kills, {len(bad)} faults; undisturbed {whole.seconds:.2f} s, the render after a kill"
        f" {again:.2f} of that (median); the sound was kept in {kept}\n"
    )
    if options.json:
        data = {"undisturbed": whole.seconds, "kills": [asdict(row) for row in rows]}
        options.json.write_text(json.dumps(data, indent=2) + "\n", "utf-8")
    return 1 if bad or not whole.digest else 0


if __name__ == "__main__":
    raise SystemExit(main())
