"""How many segments go to a worker at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
from kadr_dask.line import Line, Piece
from kadr_sdk.execution import PartTask
from kadr_sdk.output import Output
from kadr_sdk.plan import Segment


def piece(index: int, cost: float = 100.0) -> Piece:
    output = Output("mp4", "mp4", None, None)
    task = PartTask("job", Segment(index, 0, 3, ()), (output,), (Path(f"{index}"),), cost=cost)
    return Piece(task, str(index))


def line(workers: int, count: int, pace: float | None = None, cost: float = 100.0) -> Line:
    """``count`` pieces wait; each is known to take ``pace`` seconds."""
    found = Line(workers)
    found.put(piece(n, cost) for n in range(count))
    if pace is not None:
        for _ in range(3):
            found.note(piece(0, cost), pace)
    return found


def indexes(taken: tuple[Piece, ...]) -> list[int]:
    return [one.task.segment.index for one in taken]


def drained(waiting: Line) -> list[int]:
    """Sizes of all chunks, each worker taking the next when it is done."""
    sizes: list[int] = []
    while taken := waiting.take():
        sizes.append(len(taken))
        waiting.free()
    return sizes


def test_one_at_a_time_while_nothing_is_known_and_no_more_than_there_are_workers() -> None:
    waiting = line(2, 5)
    assert [indexes(waiting.take()) for _ in range(3)] == [[0], [1], []]
    waiting.free()
    assert indexes(waiting.take()) == [2]


def test_a_chunk_is_a_second_of_work() -> None:
    assert len(line(2, 100, 0.125).take()) == 8
    assert len(line(2, 100, 0.4).take()) == 2
    assert len(line(2, 100, 4.0).take()) == 1


def test_chunks_become_smaller_towards_the_end() -> None:
    sizes = drained(line(2, 32, 0.01))
    assert sizes == [8, 6, 4, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1]
    assert sum(sizes) == 32


def test_the_estimate_counts_and_not_the_number() -> None:
    waiting = line(1, 0, 0.1)
    waiting.put([piece(0, 300), piece(1, 300), piece(2, 900), *(piece(n, 50) for n in range(3, 60))])
    assert indexes(waiting.take()) == [0, 1]
    waiting.free()
    assert indexes(waiting.take()) == [2, 3, 4]


def test_what_may_end_workers_goes_alone() -> None:
    waiting = line(1, 0, 0.001)
    pieces = [piece(n) for n in range(6)]
    pieces[0].alone = pieces[2].alone = True
    waiting.put(pieces + [piece(n) for n in range(6, 40)])
    assert indexes(waiting.take()) == [0]
    waiting.free()
    assert indexes(waiting.take()) == [1]
    waiting.free()
    assert indexes(waiting.take()) == [2]


@pytest.mark.parametrize(("workers", "slots"), [(1, 24), (2, 48), (100, 128), (1000, 1000)])
def test_some_wait_but_not_too_many(workers: int, slots: int) -> None:
    assert Line(workers).slots == slots


@pytest.mark.parametrize(("seconds", "slow"), [(15.0, False), (39.0, False), (41.0, True)])
def test_four_times_what_others_took_is_slow(seconds: float, slow: bool) -> None:
    assert line(4, 0, 1.0, cost=10).is_slow([piece(0, 50), piece(1, 50)], seconds) is slow


def test_nothing_is_slow_where_nobody_is_free_or_nothing_is_known() -> None:
    busy = line(1, 1, 1.0)
    assert busy.take()
    assert not busy.is_slow([piece(0)], 1000.0)
    busy.free()
    assert busy.is_slow([piece(0)], 1000.0)
    assert not line(1, 1).is_slow([piece(0)], 1000.0)
