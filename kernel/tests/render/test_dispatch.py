"""Tasks side by side: results in order, nobody idle behind a long one, failures at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from kadr_kernel.pools import Scheduler
from kadr_kernel.render.dispatch import Dispatch


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    with Scheduler(cpu_count=4, memory_budget=1 << 30) as found:
        yield found


def test_a_long_task_at_the_head_keeps_nobody_idle(scheduler: Scheduler) -> None:
    go = threading.Event()
    done: list[int] = []

    def head() -> int:
        assert go.wait(10), "the others never ran"
        return -1

    def task(number: int) -> int:
        done.append(number)
        if len(done) == 20:
            go.set()
        return number

    tasks = [head, *(lambda n=n: task(n) for n in range(20))]
    assert list(Dispatch(scheduler).run(tasks, 2)) == [-1, *range(20)]


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_at_most_so_many_at_once_and_in_order(scheduler: Scheduler, workers: int) -> None:
    lock, now, most = threading.Lock(), [0], [0]

    def task(number: int) -> int:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.002 * (number % 3))
        with lock:
            now[0] -= 1
        return number

    tasks = [lambda n=n: task(n) for n in range(30)]
    assert list(Dispatch(scheduler).run(tasks, workers)) == list(range(30))
    assert most[0] <= max(1, workers)


def test_a_failure_stops_the_rest(scheduler: Scheduler) -> None:
    stopped = threading.Event()
    ran: list[int] = []

    def task(number: int) -> int:
        ran.append(number)
        if number == 3:
            raise ValueError("three")
        if number > 3:
            stopped.wait(10)
        return number

    tasks = [lambda n=n: task(n) for n in range(100)]
    with pytest.raises(ValueError, match="three"):
        list(Dispatch(scheduler, stopped.set).run(tasks, 2))
    assert stopped.is_set()
    assert len(ran) < 10
