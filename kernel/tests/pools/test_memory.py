"""The memory budget: never exceeded, first come first served, pressure told once per crossing."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from kadr_kernel.pools import Scheduler
from kadr_kernel.pools.memory import MemoryBudget
from kadr_sdk.errors import CancelledError, ResourceError
from kadr_sdk.events import MemoryPressureRaised


def waiting(budget: MemoryBudget, count: int) -> None:
    end = time.monotonic() + 5
    while len(budget._queue) < count:
        assert time.monotonic() < end
        time.sleep(0.001)


def test_the_budget_is_never_exceeded() -> None:
    budget = MemoryBudget(100)
    lock, used, peak = threading.Lock(), 0, 0

    def work(seed: int) -> None:
        nonlocal used, peak
        rng = random.Random(seed)
        for _ in range(30):
            amount = rng.randint(0, 100)
            with budget.reserve(amount):
                with lock:
                    used += amount
                    peak = max(peak, used)
                with lock:
                    used -= amount

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(work, range(16)))
    assert 0 < peak <= 100
    assert budget.used == 0


def test_a_large_reservation_is_not_overtaken() -> None:
    budget = MemoryBudget(100)
    order: list[str] = []

    def take(name: str, amount: int) -> None:
        with budget.reserve(amount):
            order.append(name)

    threads = []
    with budget.reserve(50):
        for count, (name, amount) in enumerate([("large", 90), ("small", 10), ("tiny", 1)], 1):
            threads.append(threading.Thread(target=take, args=(name, amount), daemon=True))
            threads[-1].start()
            waiting(budget, count)
        assert order == [], "10 and 1 would fit, but 90 asked first"
    for thread in threads:
        thread.join(5)
    assert order[0] == "large"
    assert sorted(order) == ["large", "small", "tiny"]


def test_more_than_the_whole_is_refused_at_once() -> None:
    budget = MemoryBudget(2 << 20)
    with pytest.raises(ResourceError) as caught, budget.reserve(3 << 20, owner="segment 4"):
        pass
    assert str(caught.value) == (
        "segment 4 needs 3 MiB of memory, the whole budget is 2 MiB"
        " (raise render.memory_mb, or render at a smaller size)"
    )
    with pytest.raises(ResourceError, match="cannot reserve -1 bytes"), budget.reserve(-1):
        pass
    with budget.reserve(2 << 20):
        assert budget.used == 2 << 20


def test_an_error_inside_gives_the_bytes_back() -> None:
    budget = MemoryBudget(10)
    with pytest.raises(KeyError), budget.reserve(10):
        raise KeyError
    assert budget.used == 0


def test_pressure_is_told_once_per_crossing() -> None:
    told: list[MemoryPressureRaised] = []
    with Scheduler(cpu_count=1, memory_budget=100, publish=told.append) as pools:
        with pools.reserve(89):
            assert told == []
            for _ in range(3):
                with pools.reserve(1):
                    assert len(told) == 1 + _
        assert told[0] == MemoryPressureRaised(90, 100)
        with pools.reserve(95):
            for _ in range(3):
                with pools.reserve(2):
                    pass
    assert len(told) == 4, "above 90 % all the time is one crossing"


def test_a_failing_listener_costs_no_bytes() -> None:
    budget = MemoryBudget(10, publish=lambda event: 1 / 0)
    with pytest.raises(ZeroDivisionError), budget.reserve(10):
        pass
    assert budget.used == 0


def test_close_wakes_who_waits() -> None:
    pools = Scheduler(cpu_count=1, memory_budget=10)
    failures: list[BaseException] = []

    def wait() -> None:
        try:
            with pools.reserve(5, owner="segment 4"):
                failures.append(AssertionError("it got bytes"))
        except CancelledError as error:
            failures.append(error)

    with pools.reserve(10):
        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        waiting(pools._memory, 1)
        pools.close()
        thread.join(5)
    assert [str(f) for f in failures] == ["segment 4 gets no memory: the scheduler is closed"]


def test_a_budget_is_a_number_of_bytes() -> None:
    with pytest.raises(ValueError, match="above 0"):
        MemoryBudget(0)
