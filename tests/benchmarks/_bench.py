"""Benchmarks share this: the median of repeats, a table, and JSON on request."""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Row", "measure", "report", "table"]


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: the median of its repeats, with the slowest and the fastest beside it."""

    name: str
    value: float
    low: float
    high: float
    unit: str


def measure(name: str, work: Callable[[int], object], *, count: int, repeats: int = 7) -> Row:
    """Operations a second of ``work(count)``, which does ``count`` of them; one run to warm up."""
    work(max(1, count // 10))
    rates: list[float] = []
    for _ in range(repeats):
        gc.collect()
        begin = time.perf_counter()
        work(count)
        rates.append(count / (time.perf_counter() - begin))
    return Row(name, statistics.median(rates), min(rates), max(rates), "/s")


def report(title: str, rows: Sequence[Row], argv: Sequence[str] | None = None) -> int:
    """Print the rows as a table; with ``--json PATH`` write them there too."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there as JSON")
    options = parser.parse_args(argv)
    table(title, rows, options.json)
    return 0


def table(title: str, rows: Sequence[Row], path: Path | None) -> None:
    """Print the rows; write them to ``path`` too."""
    width = max(len(row.name) for row in rows)
    digits = 3 if all(row.high < 100 for row in rows) else 1
    sys.stdout.write(f"{title}\n{'':{width}}  {'median':>14} {'low':>14} {'high':>14}\n")
    for row in rows:
        figures = " ".join(f"{value:14,.{digits}f}" for value in (row.value, row.low, row.high))
        sys.stdout.write(f"{row.name:{width}}  {figures} {row.unit}\n")
    if path is not None:
        data = {"title": title, "machine": _machine(), "rows": [asdict(row) for row in rows]}
        path.write_text(json.dumps(data, indent=2) + "\n", "utf-8")


def _machine() -> dict[str, object]:
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
    }
