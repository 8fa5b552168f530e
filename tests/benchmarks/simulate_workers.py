"""What a render on many workers is bound by: list scheduling of measured segment costs.

``python tests/benchmarks/simulate_workers.py [--hours 2] [--seconds-per-segment 4.0]``

A segment costs what it was measured to cost (spread as measured). The coordinator hands out one
chunk after the other, ``--dispatch-ms`` each and ``--segment-ms`` for every segment in it, sized as
the executor ``dask`` does; beside it stands what handing out segments one by one would take. The
coordinator encodes the sound meanwhile, in one session, and the join reads every byte once.
"""

from __future__ import annotations

import argparse
import heapq
import random
import statistics
from pathlib import Path

from kadr_dask.line import Line, Piece
from kadr_sdk.execution import PartTask
from kadr_sdk.plan import Segment

SPREAD = 0.35  # standard deviation of a segment's cost over its mean, measured on the demo timelines
SOUND = 26.0  # times real time of encoding stereo AAC, measured with bench_smart_copy.py
JOIN = 500.0  # times real time that joining and checking run at, measured on 1080p


def chunks_of(costs: list[float], workers: int) -> list[list[float]]:
    """Seconds of the segments of each chunk: the executor's own line, which knows the mean."""
    line, waiting = Line(workers), iter(enumerate(costs))
    line.note(_piece(0), statistics.mean(costs))
    line.put(_piece(number) for number, _ in zip(range(line.slots), costs, strict=False))
    added, found = min(line.slots, len(costs)), []
    while taken := line.take():
        found.append([next(waiting)[1] for _ in taken])
        line.free()
        fresh = range(added, min(added + len(taken), len(costs)))
        line.put(_piece(number) for number in fresh)
        added += len(fresh)
    return found


def _piece(number: int) -> Piece:
    return Piece(PartTask("", Segment(number, 0, 1, ()), (), (Path(),), cost=1.0), "")


def finished(chunks: list[list[float]], workers: int, dispatch: float, each: float) -> float:
    """Seconds until the last segment is back."""
    free = [0.0] * min(workers, len(chunks))
    heapq.heapify(free)
    coordinator, last = 0.0, 0.0
    for chunk in chunks:
        coordinator = max(coordinator + dispatch + each * len(chunk), heapq.heappop(free))
        last = max(last, coordinator + sum(chunk))
        heapq.heappush(free, coordinator + sum(chunk))
    return last


def main() -> None:
    """Print a row for each number of workers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, default=2.0, help="of film")
    parser.add_argument("--segment", type=float, default=5.0, help="seconds of film in a segment")
    parser.add_argument("--seconds-per-segment", type=float, default=4.0, help="of work")
    parser.add_argument("--sound", type=float, default=SOUND, help="times real time; of PCM about 900")
    parser.add_argument("--dispatch-ms", type=float, default=8.0, help="of the coordinator, for a chunk")
    parser.add_argument("--segment-ms", type=float, default=4.0, help="and for a segment in it")
    given = parser.parse_args()
    chance = random.Random(1)
    count = round(given.hours * 3600 / given.segment)
    mean = given.seconds_per_segment
    costs = [max(0.2 * mean, chance.gauss(mean, SPREAD * mean)) for _ in range(count)]
    join = given.hours * 3600 / JOIN
    sound = given.hours * 3600 / given.sound
    alone = max(sum(costs), sound) + join
    print(f"{count} segments, {sum(costs):.0f} s of work, sound {sound:.0f} s, join {join:.0f} s")
    print(f"{'workers':>8} {'seconds':>9} {'speed-up':>9} {'of ideal':>9} {'chunks':>7} {'one by one':>11}")
    dispatch, each = given.dispatch_ms / 1000, given.segment_ms / 1000
    for workers in (1, 2, 10, 100, 300, 1000):
        chunks = chunks_of(costs, workers)
        took = max(sound, finished(chunks, workers, dispatch, each)) + join
        single = max(sound, finished([[cost] for cost in costs], workers, dispatch, each)) + join
        row = f"{alone / took:9.1f} {alone / took / workers:9.0%} {len(chunks):7d} {single:11.1f}"
        print(f"{workers:8d} {took:9.1f} {row}")


if __name__ == "__main__":
    main()
