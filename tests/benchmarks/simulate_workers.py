"""What a render on many workers is bound by: list scheduling of measured segment costs.

``python tests/benchmarks/simulate_workers.py [--hours 2] [--seconds-per-segment 4.0] [--dispatch-ms 12]``

A segment costs what it was measured to cost (spread as measured); the coordinator hands out and
takes back one after the other, ``--dispatch-ms`` each; the join reads every byte once.
"""

from __future__ import annotations

import argparse
import heapq
import random

SPREAD = 0.35  # standard deviation of a segment's cost over its mean, measured on the demo timelines
JOIN = 150.0  # times real time that the join runs at, measured


def finished(costs: list[float], workers: int, dispatch: float) -> float:
    """Seconds until the last segment is back."""
    free = [0.0] * min(workers, len(costs))
    heapq.heapify(free)
    coordinator, last = 0.0, 0.0
    for cost in costs:
        coordinator = max(coordinator + dispatch, heapq.heappop(free))
        last = max(last, coordinator + cost)
        heapq.heappush(free, coordinator + cost)
    return last


def main() -> None:
    """Print a row for each number of workers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, default=2.0, help="of film")
    parser.add_argument("--segment", type=float, default=5.0, help="seconds of film in a segment")
    parser.add_argument("--seconds-per-segment", type=float, default=4.0, help="of work")
    parser.add_argument("--dispatch-ms", type=float, default=12.0, help="of the coordinator, for a segment")
    given = parser.parse_args()
    chance = random.Random(1)
    count = round(given.hours * 3600 / given.segment)
    mean = given.seconds_per_segment
    costs = [max(0.2 * mean, chance.gauss(mean, SPREAD * mean)) for _ in range(count)]
    join = given.hours * 3600 / JOIN
    alone = sum(costs) + join
    print(f"{count} segments, {sum(costs):.0f} s of work, join {join:.0f} s")
    print(f"{'workers':>8} {'seconds':>9} {'speed-up':>9} {'of ideal':>9}")
    for workers in (1, 2, 10, 100, 300, 1000):
        took = finished(costs, workers, given.dispatch_ms / 1000) + join
        print(f"{workers:8d} {took:9.1f} {alone / took:9.1f} {alone / took / workers:9.0%}")


if __name__ == "__main__":
    main()
