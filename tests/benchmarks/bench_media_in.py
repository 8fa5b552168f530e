"""Media in: backwards through a long group, the remembered index, reading in a confined process.

Each ratio is between two ways of the same run: ``uv run python tests/benchmarks/bench_media_in.py``.
"""

from __future__ import annotations

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

GOP, FRAMES, SIZE = 250, 1000, (1280, 720)


def film(path: Path, frames: int) -> Path:
    """Noise that moves, in groups of 250 with B-frames."""
    rng = np.random.default_rng(1)
    width, height = SIZE
    noise = rng.integers(16, 235, (height * 3 // 2, width + 256), dtype=np.uint8)
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


def backwards(path: Path) -> None:
    """60 frames in reverse from the end of a group, against the same frames forwards."""
    scan = scan_stream(path, 0)

    def run(order: range) -> None:
        pool = ReaderPool(indexes=IndexCache(scan=lambda _path, _stream: scan))
        with pool.lease(path, 0) as reader:
            for position in order:
                reader.frame(position)
        pool.close()

    back, forth = taken(lambda: run(range(GOP - 1, GOP - 61, -1))), taken(lambda: run(range(GOP - 60, GOP)))
    print(f"60 frames backwards at the end of a group of {GOP}: {back:.3f} s, {back / forth:.2f} x forwards")


def remembered(path: Path) -> None:
    """The index from its bytes against one by reading the file."""
    data = scan_to(scan_stream(path, 0))
    scanned, fetched = taken(lambda: scan_stream(path, 0)), taken(lambda: scan_from(data))
    size = path.stat().st_size / 1e6
    print(f"index of {FRAMES} frames ({size:.0f} MB): scanned {scanned:.4f} s")
    print(f"from {len(data)} bytes {fetched:.4f} s")
    print(f"remembered: {scanned / fetched:.0f} x as fast")


def confined(path: Path) -> None:
    """250 frames in a row, here and in a confined process."""
    seconds = []
    for untrusted in (False, True):
        backend = PyAvBackend(untrusted=untrusted)
        parts = backend._own()
        pool = ReaderPool(indexes=parts.indexes, cells=parts.cells)
        with pool.lease(path, 0) as reader:
            reader.frame(0)
            begun = time.perf_counter()
            for position in range(1, 250):
                reader.frame(position)
            seconds.append((time.perf_counter() - begun) / 249)
        pool.close()
        backend.close()
    here, there = (1000 * s for s in seconds)
    print(f"confined: {there:.2f} ms a frame against {here:.2f} ms here, {there / here:.2f} x")


def main() -> None:
    """Print every figure."""
    with tempfile.TemporaryDirectory() as folder:
        path = film(Path(folder) / "film.mp4", FRAMES)
        backwards(path)
        remembered(path)
        confined(path)


if __name__ == "__main__":
    main()
