"""Planning a large project: 10,000 clips on 100 tracks, 20 source files, on the in-memory backend.

Seconds to read the document, to plan it, and to seal the plan with content hashes (digests of
the sources are remembered from a first run). Goal: read, check and plan in less than 2 s.

    python tests/benchmarks/bench_plan.py [--clips N] [--tracks N] [--repeats N] [--json PATH]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from _bench import Row, table
from kadr_kernel.render.library import MediaLibrary
from kadr_kernel.render.planner import Planner
from kadr_sdk.errors import NotFoundError
from kadr_sdk.manifest import Contribution
from kadr_sdk.plan import RenderPlan
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.testing.memory import MemoryBackend, write_source

SOURCES = 20
MP4 = {"id": "mp4", "title": "MP4", "muxer": "mp4", "extensions": [".mp4"], "video_codecs": ["h264"],
       "audio_codecs": ["aac"]}  # fmt: skip


class OneExporter:
    """A catalogue that holds an exporter and nothing else."""

    def find(self, kind: str, name: str) -> Contribution:
        if (kind, name) != ("exporter", "mp4"):
            raise NotFoundError(kind, name)
        return Contribution(kind, name, "bench.plugin")

    def all(self, kind: str) -> Sequence[Contribution]:
        return [self.find("exporter", "mp4")] if kind == "exporter" else []

    def describe(self, kind: str, name: str) -> Mapping[str, Any]:
        return MP4

    def load(self, kind: str, name: str) -> Any:
        raise NotFoundError(kind, name)


def _clip(track: int, number: int, start: float, **more: Any) -> dict[str, Any]:
    source = f"{(track * 7 + number) % SOURCES}.mem"
    return {"id": f"c{track}-{number}", "source_file": source, "start_time": start, "duration": 2,
            "source_start": number % 8} | more  # fmt: skip


def in_turn(tracks: int, each: int) -> list[list[dict[str, Any]]]:
    """One clip at a time, the tracks by turns."""
    return [[_clip(t, n, 2 * (n * tracks + t)) for n in range(each)] for t in range(tracks)]


def stacked(tracks: int, each: int) -> list[list[dict[str, Any]]]:
    """All tracks at once, every edge elsewhere: the top clip covers the others."""
    return [[_clip(t, n, 2 * n + t / 50) for n in range(each)] for t in range(tracks)]


def mosaic(tracks: int, each: int) -> list[list[dict[str, Any]]]:
    """All tracks at once, every layer small and seen, edges together."""
    small = {"scale_x": 0.1, "scale_y": 0.1}
    return [
        [
            _clip(t, n, 2 * n, transform=small | {"position_x": (t % 10) / 10, "position_y": t / tracks})
            for n in range(each)
        ]
        for t in range(tracks)
    ]


def document(rows: list[list[dict[str, Any]]]) -> str:
    """The project file of tracks."""
    tracks = [{"id": f"v{t}", "clips": clips} for t, clips in enumerate(rows)]
    return json.dumps({"timeline": {"fps": 50, "resolution": [1920, 1080], "tracks": tracks}})


def measure(name: str, text: str, planner: Planner, base: Path, repeats: int) -> list[Row]:
    """Rows for one project; nothing but the digests of sources is remembered between repeats."""
    request = RenderRequest(base / "out.mp4")
    parse: list[float] = []
    plan: list[float] = []
    seal: list[float] = []
    planned: RenderPlan | None = None
    for _ in range(repeats + 1):
        parse.append(_seconds(lambda: parse_project(text)))
        project = parse_project(text)
        begin = time.perf_counter()
        planned = planner.plan(project, base, request, seal=False)
        plan.append(time.perf_counter() - begin)
        seal.append(_seconds(lambda p=planned: planner.seal(p)))  # type: ignore[misc]  # bound now
    assert planned is not None
    spans = sum(len(s.spans) for s in planned.segments)
    both = [p + q for p, q in zip(parse, plan, strict=True)]
    return [
        _row(f"{name}: read", parse),
        _row(f"{name}: plan ({spans} spans, {len(planned.segments)} segments)", plan),
        _row(f"{name}: read and plan", both),
        _row(f"{name}: seal", seal),
    ]


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _row(name: str, seconds: list[float]) -> Row:
    warm = seconds[1:]
    return Row(name, statistics.median(warm), min(warm), max(warm), "s")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--tracks", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there as JSON")
    options = parser.parse_args(argv)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        video = {"width": 1920, "height": 1080, "rate": "50", "frames": 1000}
        for number in range(SOURCES):
            write_source(
                base / f"{number}.mem", video=video, audio={"rate": 48000, "seconds": "20", "level": 0.1}
            )
        backend = MemoryBackend()
        for layout in (in_turn, stacked, mosaic):
            library = MediaLibrary(lambda: backend, lambda event: None, None)
            planner = Planner(OneExporter(), lambda: backend, library, list)
            text = document(layout(options.tracks, options.clips // options.tracks))
            rows += measure(layout.__name__.replace("_", " "), text, planner, base, options.repeats)
    table(f"planning {options.clips} clips on {options.tracks} tracks, seconds", rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
