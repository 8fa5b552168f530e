"""Media in: backwards through a long group, the remembered index, reading in a confined process.

Each ratio is between two ways of the same run: ``uv run python tests/benchmarks/bench_media_in.py``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from kadr_pyav.backend import PyAvBackend
from kadr_pyav.index import IndexCache, scan_stream
from kadr_pyav.pool import ReaderPool
from kadr_pyav.scan_data import scan_from, scan_to

GOP, FRAMES, SIZE, LARGE = 250, 1000, (1280, 720), (1920, 1080)


def film(path: Path, frames: int, size: tuple[int, int] = SIZE, grain: int = 1) -> Path:
    """Noise that moves, in groups of 250 with B-frames; ``grain``: pixels that are alike."""
    rng = np.random.default_rng(1)
    width, height = size
    shape = -(-height * 3 // 2 // grain), -(-(width + 256) // grain)
    noise = rng.integers(16, 235, shape, dtype=np.uint8).repeat(grain, 0).repeat(grain, 1)[: height * 3 // 2]
    options = {
        "g": str(GOP),
        "keyint_min": str(GOP),
        "sc_threshold": "0",
        "bf": "3",
        "preset": "ultrafast",
        "crf": "35",
    }
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            shift = number % 256
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(noise[:, shift : shift + width]), "yuv420p"
            )
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def taken(action: Callable[[], object], times: int = 3) -> float:
    """The shortest of a few runs, in seconds."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        action()
        found.append(time.perf_counter() - begun)
    return min(found)


def backwards(path: Path, name: str) -> None:
    """60 frames in reverse from the end of a group, against the same frames forwards."""
    scan = scan_stream(path, 0)

    def run(order: range) -> None:
        pool = ReaderPool(indexes=IndexCache(scan=lambda _path, _stream: scan))
        with pool.lease(path, 0, backwards=order.step < 0) as reader:
            for position in order:
                reader.frame(position)
        pool.close()

    back, forth = taken(lambda: run(range(GOP - 1, GOP - 61, -1))), taken(lambda: run(range(GOP - 60, GOP)))
    size = path.stat().st_size / 1e6
    print(f"60 frames backwards at the end of a group of {GOP}, {name} ({size:.0f} MB):")
    print(f"{back:.3f} s, {back / forth:.2f} x forwards")


def remembered(path: Path) -> None:
    """The index from its bytes against one by reading the file."""
    data = scan_to(scan_stream(path, 0))
    scanned, fetched = taken(lambda: scan_stream(path, 0)), taken(lambda: scan_from(data))
    size = path.stat().st_size / 1e6
    print(f"index of {FRAMES} frames ({size:.0f} MB): scanned {scanned:.4f} s")
    print(f"from {len(data)} bytes {fetched:.4f} s")
    print(f"remembered: {scanned / fetched:.0f} x as fast")


def two_hours(path: Path) -> Path:
    """The packets of one small group again and again, 180,000 frames."""
    group = film(path.with_name("group.mp4"), GOP, (160, 90), 5)
    with av.open(str(group)) as source:
        video = source.streams.video[0]
        packets = [(bytes(p), p.pts, p.dts, p.is_keyframe) for p in source.demux(video) if p.size]
        with av.open(str(path), "w") as out:
            stream = out.add_stream_from_template(video)
            for number in range(180_000 // GOP):
                shift = number * round(GOP / 25 / video.time_base)
                for data, pts, dts, key in packets:
                    packet = av.Packet(data)
                    packet.stream, packet.time_base = stream, video.time_base
                    packet.pts, packet.dts, packet.is_keyframe = pts + shift, dts + shift, key
                    out.mux(packet)
    return path


def opened_again(path: Path) -> None:
    """A film of two hours, opened by two processes that share a cache."""
    with tempfile.TemporaryDirectory() as home:
        program = (
            "import sys, time; from pathlib import Path; from kadr_kernel.boot import boot\n"
            "from kadr_sdk.rendering import Renderer\n"
            "with boot() as kernel:\n"
            "    backend = kernel.container.get(Renderer).backend(); begun = time.process_time()\n"
            "    found = backend.index(Path(sys.argv[1]), 0)\n"
            "    print(len(found.pts), time.process_time() - begun)\n"
        )
        for name in ("first", "second"):
            environ = os.environ | {"KADR_HOME": home}
            command = [sys.executable, "-c", program, str(path)]
            frames, seconds = subprocess.check_output(command, env=environ, text=True).split()
            print(f"{name} process to open {frames} frames ({path.stat().st_size / 1e6:.0f} MB): ")
            print(f"{float(seconds):.3f} s of a processor")


def confined(path: Path, name: str) -> None:
    """249 frames in a row, and what comes before them, here and in a confined process."""
    rows = []
    for untrusted in (False, True):
        backend = PyAvBackend(untrusted=untrusted)
        parts = backend._own()
        pool = ReaderPool(indexes=parts.indexes, cells=parts.cells)
        opened = time.perf_counter()
        with pool.lease(path, 0) as reader:
            reader.frame(0)
            begun = time.perf_counter()
            for position in range(1, 250):
                reader.frame(position)
            rows.append((begun - opened, (time.perf_counter() - begun) / 249))
        pool.close()
        backend.close()
    (first, here), (confined_first, there) = rows
    print(f"confined, {name}: {1000 * there:.2f} ms a frame against {1000 * here:.2f} ms here, ")
    print(f"{there / here:.2f} x; the first frame {confined_first - first:.2f} s later")


def main() -> None:
    """Print every figure."""
    with tempfile.TemporaryDirectory() as folder:
        path = film(Path(folder) / "film.mp4", FRAMES)
        backwards(path, "720p of noise")
        large = film(Path(folder) / "large.mp4", GOP, LARGE, 32)
        backwards(large, "1080p")
        opened_again(two_hours(Path(folder) / "long.mp4"))
        remembered(path)
        confined(path, "720p of noise")
        confined(large, "1080p")


if __name__ == "__main__":
    main()
