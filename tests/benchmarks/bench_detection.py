"""Detection over a film against what the processors allow.

``python tests/benchmarks/bench_detection.py FILM --models DIR [--pictures N]``

The bound is cores / (processor time of decoding with scaling, letterbox, inference with
reading), each measured alone in one thread. Others may use the machine meanwhile: the cores
that can be had are measured in the same run, by inference alone in as many threads.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from _bench import Row, table
from kadr_kernel.boot import boot
from kadr_recognition.context import QuietContext
from kadr_recognition.detector import Detector, Limits
from kadr_recognition.fit import tensor_of
from kadr_recognition.pictures import Every, Sampling, pictures, sampling
from kadr_recognition.stream import detections
from kadr_sdk.models import ModelStore
from kadr_sdk.rendering import Renderer
from kadr_sdk.services import EventBus, Scheduler

REPEATS = 3


class Bench:
    """A film, a detector and a kernel."""

    def __init__(self, kernel: Any, film: Path, count: int) -> None:
        renderer = kernel.container.get(Renderer)
        self.scheduler = kernel.container.get(Scheduler)
        self.backend, self.info = renderer.backend(), renderer.probe(film)
        whole = sampling(self.backend, self.info, Every())
        self.chosen = Sampling(
            whole.video,
            whole.size,
            whole.frames[:count],
            whole.times[:count],
            whole.stamps[:count],
            whole.end,
        )
        store = kernel.container.get(ModelStore)
        card = store.card("yolox-nano")
        self.session = store.open("yolox-nano", provider="cpu")
        self.detector = Detector(card, self.session, Limits.of(card))
        self.fit = self.detector.fit(whole.size)
        self.context = QuietContext(kernel.container.get(EventBus))

    def decode(self) -> list[Any]:
        return [p.rgb for p in self.pictures()]

    def pictures(self) -> Any:
        return pictures(self.backend, self.info, self.chosen, self.fit.inner, self.context)

    def whole(self) -> None:
        for _ in detections(self.pictures(), self.detector, self.fit, self.scheduler):
            pass

    def attainable(self, seconds: float) -> float:
        """Cores that inference alone in a thread a core can have now."""
        feeds = {self.session.inputs[0].name: np.zeros((1, 3, *reversed(self.fit.canvas)), np.float32)}
        end = time.perf_counter() + seconds

        def work() -> None:
            while time.perf_counter() < end:
                self.session.run(feeds)

        def every() -> None:
            threads = [threading.Thread(target=work) for _ in range(self.scheduler.cpu_count)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        cpu, wall = spent(every)
        return cpu / wall


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Processor time and time, in seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("film", type=Path)
    parser.add_argument("--models", type=Path, required=True, help="folder with yolox_nano.onnx")
    parser.add_argument("--pictures", type=int, default=150)
    parser.add_argument("--json", type=Path, metavar="PATH")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, boot(environ={"KADR_HOME": home}) as kernel:
        store: Any = kernel.container.get(ModelStore)
        store.fetch(store.card("yolox-nano"), options.models)
        bench = Bench(kernel, options.film, options.pictures)
        rows = measured(bench)
        bench.session.close()
    table(
        f"{options.film.name}, {options.pictures} pictures, {bench.scheduler.cpu_count} cores",
        rows,
        options.json,
    )
    return 0


def measured(bench: Bench) -> list[Row]:
    count = len(bench.chosen.frames)
    found = bench.decode()  # warm, and the pictures for the other parts
    preparation = bench.detector.card.preparation
    alone = {
        "decode and scale": bench.decode,
        "letterbox": lambda: [tensor_of([p], bench.fit, preparation) for p in found],
        "letterbox, inference, reading": lambda: [bench.detector.detect([p], bench.fit) for p in found],
    }
    figures: dict[str, list[float]] = {}

    def note(name: str, value: float) -> float:
        figures.setdefault(name, []).append(value)
        return value

    for _ in range(REPEATS):
        cost = {name: note(f"CPU of {name}", spent(work)[0] * 1000 / count) for name, work in alone.items()}
        bound = cost["decode and scale"] + cost["letterbox, inference, reading"]
        before = bench.attainable(1)
        cpu, wall = spent(bench.whole)
        cores = (before + bench.attainable(1)) / 2
        note("CPU of all together", cpu * 1000 / count)
        note("pictures a second", count / wall)
        note("cores used", cpu / wall)
        note("cores attainable", cores)
        note("share of the bound", (count / wall) / (cores / bound * 1000))
    units = {"pictures a second": "/s", "cores used": "", "cores attainable": "", "share of the bound": ""}
    return [Row(n, median(v), min(v), max(v), units.get(n, "ms a picture")) for n, v in figures.items()]


if __name__ == "__main__":
    sys.exit(main())
