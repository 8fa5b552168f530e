"""Threads, processes and Dask on one film, cold, as ratios to threads in the same run.

Ten graded clips of 3 s, 1080p25, x264 veryfast crf 23, with sound, two workers each, and one Dask
worker to hold two against, every run a whole process. One effect of the film is in libav;
``--python`` takes one in Python, where processes need not share an interpreter, and ``--cheap``
300 clips of 2 s at 160x90, where handing out is what costs. Says whether the bytes are the same.

``--bound`` holds one Dask worker that has one processor to itself against two that have one each,
as two machines would, on 60 s of film: with the boot of their kernels, and without. ``--dispatch``
measures what handing out a task costs on a Dask scheduler, without any work.

    uv run python tests/benchmarks/bench_executors.py --repeats 3
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench_again import CLIPS, LENGTH, project, render
from bench_timeline import sources

RUNS = {"threads": 2, "processes": 2, "dask": 2, "dask, one worker": 1}
"""Executors with their number of workers."""


def main() -> None:
    """Print medians, ratios and whether the bytes agree."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--python", action="store_true", help="an effect in Python on every clip")
    parser.add_argument("--cheap", action="store_true", help="300 segments of hardly any work")
    parser.add_argument("--bound", action="store_true", help="a processor for each worker")
    parser.add_argument("--dispatch", action="store_true", help="measure the cost of a task instead")
    given = parser.parse_args()
    if given.dispatch:
        print(f"{dispatch(300) * 1000:.1f} ms a task, from 8 threads")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        document = film(folder, python=given.python, cheap=given.cheap, twice=given.bound)
        if given.bound:
            bound(document, folder, given.repeats)
        else:
            shared(document, folder, given.repeats)


def film(folder: Path, *, python: bool, cheap: bool, twice: bool) -> Path:
    """The document, as asked for."""
    document = project(folder, sources(folder))
    data = json.loads(document.read_text("utf-8"))
    clips = data["timeline"]["tracks"][0]["clips"]
    if python:
        for clip in clips:
            clip["effects"].append({"effect_type": "pixelate", "parameters": {"size": 8}})
    if cheap:
        data["timeline"]["resolution"] = [160, 90]
        clips[:] = [_again(clips[n % CLIPS], n, 2 * n) | {"duration": 2} for n in range(300)]
    if twice:
        clips += [_again(clip, CLIPS + n, LENGTH * (CLIPS + n)) for n, clip in enumerate(clips)]
    document.write_text(json.dumps(data), "utf-8")
    return document


def _again(clip: dict[str, Any], number: int, start: float) -> dict[str, Any]:
    """The clip at another place, a little brighter, so that no two segments are the same."""
    grade = {"effect_type": "brightness", "parameters": {"value": number / 1000}}
    return clip | {"id": f"d{number}", "start_time": start, "effects": [grade, *clip["effects"][1:]]}


def shared(document: Path, folder: Path, repeats: int) -> None:
    """All executors on all processors."""
    times: dict[str, list[float]] = {name: [] for name in RUNS}
    digests = set()
    for _ in range(repeats):
        for name, workers in RUNS.items():
            options = ["--workers", str(workers), "--executor", name.partition(",")[0]]
            seconds, digest = _timed(document, folder, *options)
            times[name].append(seconds)
            digests.add(digest)
    middle = {name: statistics.median(times[name]) for name in RUNS}
    for name, median in middle.items():
        print(f"{name:16} {median:6.1f} s  {median / middle['threads']:5.2f}x threads")
    print(f"two Dask workers are {middle['dask, one worker'] / middle['dask']:.2f}x as fast as one")
    _say(digests)


def bound(document: Path, folder: Path, repeats: int) -> None:
    """One worker on one processor against two on one each."""
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        print("left out: this system does not bind processes to processors, or has but one")
        return
    processors = sorted(os.sched_getaffinity(0))[:2]
    booting, warm, digests = {}, {}, set()
    for count in (1, 2):
        with cluster(folder, processors[:count]) as address:
            options = ("--executor", "dask", "--address", address)
            before = _children()
            runs = [_timed(document, folder, *options) for _ in range(repeats + 1)]
            own = (_children() - before) / len(runs)
        booting[count], warm[count] = runs[0][0], statistics.median(seconds for seconds, _ in runs[1:])
        digests |= {digest for _, digest in runs}
        print(f"{count} bound: {warm[count]:6.1f} s, with the boot of kernels {booting[count]:6.1f} s")
        print(f"         beside them {own:.1f} s of CPU of the coordinator: plan, sound, join")
    print(f"two are {warm[1] / warm[2]:.2f}x as fast as one, {booting[1] / booting[2]:.2f}x with the boot")
    _say(digests)


@contextmanager
def cluster(folder: Path, processors: list[int]) -> Iterator[str]:
    """The address of a scheduler with a worker of one thread on each of the processors."""
    import distributed

    file = folder / f"scheduler-{len(processors)}.json"
    where = ["--scheduler-file", str(file), "--host", "127.0.0.1", "--no-dashboard"]
    worker = [sys.executable, "-c", _program("distributed.cli.dask_worker")]
    begin = [[sys.executable, "-m", "distributed.cli.dask_scheduler", *where, "--port", "0"]]
    begin += [[*worker, str(n), *where, "--nthreads", "1", "--no-nanny"] for n in processors]
    running = [subprocess.Popen(c, stderr=subprocess.DEVNULL, cwd=folder) for c in begin]
    try:
        while not file.exists():
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(len(processors), timeout=60)
        yield address
    finally:
        for program in running:
            program.kill()
            program.wait()


def _children() -> float:
    """Seconds of CPU of the programs that were waited for so far: renders, and not the cluster."""
    return sum(os.times()[2:4])


def _program(module: str) -> str:
    """Runs a module on the processor that the first argument names."""
    return (
        "import os, runpy, sys; os.sched_setaffinity(0, {int(sys.argv.pop(1))});"
        f"runpy.run_module('{module}', run_name='__main__')"
    )


def _timed(document: Path, folder: Path, *options: str) -> tuple[float, str]:
    """Seconds of a cold render, and what it made."""
    output = folder / "film.mp4"
    seconds, _ = render(document, output, folder / "home", "--no-cache", *options)
    return seconds, hashlib.sha256(output.read_bytes()).hexdigest()


def _say(digests: set[str]) -> None:
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
