"""Threads, processes and Dask on one film, cold, as ratios to threads in the same run.

Ten graded clips of 3 s, 1080p25, x264 veryfast crf 23, with sound, two workers each, and one Dask
worker to hold two against, every run a whole process. One effect of the film is in libav;
``--python`` takes one in Python, where processes need not share an interpreter. Says whether the
bytes are the same. With ``--dispatch`` it measures instead what handing out a segment costs on a
Dask scheduler, without any work.

    uv run python tests/benchmarks/bench_executors.py --repeats 3
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import tempfile
import time
from pathlib import Path

from bench_again import project, render
from bench_timeline import sources

RUNS = {"threads": 2, "processes": 2, "dask": 2, "dask, one worker": 1}
"""Executors with their number of workers."""


def main() -> None:
    """Print medians, ratios and whether the bytes agree."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--python", action="store_true", help="an effect in Python on every clip")
    parser.add_argument("--dispatch", action="store_true", help="measure the cost of a task instead")
    given = parser.parse_args()
    if given.dispatch:
        print(f"{dispatch(300) * 1000:.1f} ms a task, from 8 threads")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        document = project(folder, sources(folder))
        if given.python:
            data = json.loads(document.read_text("utf-8"))
            for clip in data["timeline"]["tracks"][0]["clips"]:
                clip["effects"].append({"effect_type": "pixelate", "parameters": {"size": 8}})
            document.write_text(json.dumps(data), "utf-8")
        times: dict[str, list[float]] = {name: [] for name in RUNS}
        digests = set()
        for _ in range(given.repeats):
            for name, workers in RUNS.items():
                output = folder / f"{name}.mp4"
                options = ["--no-cache", "--workers", str(workers), "--executor", name.partition(",")[0]]
                times[name].append(render(document, output, folder / "home", *options)[0])
                digests.add(hashlib.sha256(output.read_bytes()).hexdigest())
    base = statistics.median(times["threads"])
    middle = {name: statistics.median(times[name]) for name in RUNS}
    for name, median in middle.items():
        print(f"{name:16} {median:6.1f} s  {median / base:5.2f}x threads")
    print(f"two Dask workers are {middle['dask, one worker'] / middle['dask']:.2f}x as fast as one")
    print("same bytes" if len(digests) == 1 else f"DIFFERENT BYTES: {digests}")


def dispatch(count: int) -> float:
    """Seconds that the coordinator needs for a task that does nothing."""
    from concurrent.futures import ThreadPoolExecutor

    import distributed

    options = {"threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1", "memory_limit": 0}
    with (
        distributed.LocalCluster(n_workers=2, **options) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        client.submit(int, 1, pure=False).result()
        began = time.perf_counter()
        list(threads.map(lambda n: client.submit(int, n, pure=False).result(), range(count)))
        return (time.perf_counter() - began) / count


if __name__ == "__main__":
    main()
