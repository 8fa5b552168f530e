"""Tasks in pools: order, bounds, limits, cancellation, and the end."""

from __future__ import annotations

import gc
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from kadr_kernel.pools import PoolSize, Scheduler, default_sizes
from kadr_sdk.errors import CancelledError, NotFoundError, OverloadedError, TimeoutExceededError


class Plug:
    """Keeps workers busy until it is pulled."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.pulled = threading.Event()

    def __call__(self) -> str:
        self.begun.release()
        assert self.pulled.wait(10)
        return "pulled"


@pytest.fixture
def plug() -> Iterator[Plug]:
    plug = Plug()
    yield plug
    plug.pulled.set()


def scheduler(threads: int = 1, queue: int = 100) -> Scheduler:
    return Scheduler(cpu_count=1, memory_budget=1, sizes={"cpu": PoolSize(threads, queue)})


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "it did not come about within 5 s"
        time.sleep(0.002)


def test_results_and_errors_reach_who_waits() -> None:
    with scheduler() as pools:
        assert pools.submit(lambda: 42).result() == 42
        failing = pools.submit(lambda: [][0])  # type: ignore[var-annotated]  # it never returns
        for _ in range(2):
            with pytest.raises(IndexError):
                failing.result()
        assert failing.done()
        counters = pools.counters()["cpu"]
    assert (counters["completed"], counters["failed"], counters["active"], counters["queued"]) == (1, 1, 0, 0)


def test_the_higher_priority_first_and_else_in_order(plug: Plug) -> None:
    with scheduler() as pools:
        pools.submit(plug)
        plug.begun.acquire()
        ran: list[str] = []
        for name, priority in [("a", 0), ("b", 5), ("c", 0), ("d", -1), ("e", 5)]:
            # Bound now.
            pools.submit(lambda name=name: ran.append(name), priority=priority)  # type: ignore[misc]
        plug.pulled.set()
        pools.submit(lambda: None, priority=-9).result(5)
    assert ran == ["b", "e", "a", "c", "d"]


def test_a_full_queue_refuses_and_counts(plug: Plug) -> None:
    with scheduler(queue=2) as pools:
        pools.submit(plug)
        plug.begun.acquire()
        for _ in range(2):
            pools.submit(int)
        with pytest.raises(OverloadedError) as caught:
            pools.submit(int, name="frame 7")
        assert str(caught.value) == (
            "frame 7 was not taken: 2 tasks wait for the pool 'cpu' already"
            " (wait for earlier tasks before submitting more)"
        )
        assert caught.value.retryable
        assert pools.counters()["cpu"]["rejected"] == 1
        plug.pulled.set()
        eventually(lambda: pools.counters()["cpu"]["completed"] == 3)
        assert pools.submit(lambda: 1).result() == 1


def test_an_unknown_pool_has_a_hint() -> None:
    with pytest.raises(NotFoundError) as caught:
        Scheduler(memory_budget=1).submit(int, pool="gpu")
    assert str(caught.value) == "unknown pool 'gpu' (did you mean 'cpu'?)"


def test_a_queued_task_can_be_withdrawn_and_a_running_one_not(plug: Plug) -> None:
    with scheduler() as pools:
        running = pools.submit(plug)
        plug.begun.acquire()
        ran: list[int] = []
        queued = pools.submit(lambda: ran.append(1), name="frame 7")
        assert not queued.done()
        assert queued.cancel()
        assert queued.cancel()
        assert not running.cancel()
        with pytest.raises(CancelledError, match="frame 7 was withdrawn: it was cancelled"):
            queued.result()
        plug.pulled.set()
        assert running.result() == "pulled"
        assert not running.cancel()
        pools.submit(int).result()
        assert ran == []
        assert pools.counters()["cpu"]["cancelled"] == 1


def test_withdrawn_tasks_free_their_places_and_their_memory(plug: Plug) -> None:
    class Big:
        def __call__(self) -> None: ...

    with scheduler(queue=10) as pools:
        pools.submit(plug)
        plug.begun.acquire()
        big = Big()
        gone = weakref.ref(big)
        assert pools.submit(big).cancel()
        del big
        gc.collect()
        assert gone() is None
        for _ in range(10_000):
            assert pools.submit(int).cancel()
        assert len(pools._pools["cpu"]._heap) < 200
        assert pools.counters()["cpu"]["queued"] == 0
        plug.pulled.set()


def test_waiting_has_its_own_limit(plug: Plug) -> None:
    with scheduler() as pools:
        task = pools.submit(plug, name="frame 7")
        begun = time.monotonic()
        with pytest.raises(TimeoutExceededError, match=r"frame 7 is not finished after 0\.05 s"):
            task.result(timeout=0.05)
        assert time.monotonic() - begun < 20, "it waits far longer than asked"
        assert not task.done()
        plug.pulled.set()
        assert task.result(timeout=5) == "pulled"
        assert task.result(timeout=0) == "pulled"


def test_a_task_over_its_limit_is_answered_and_its_worker_replaced(plug: Plug) -> None:
    with scheduler() as pools:
        task = pools.submit(plug, time_limit=0.05, name="frame 7")
        waiting = pools.submit(lambda: "next")
        with pytest.raises(TimeoutExceededError) as caught:
            task.result(5)
        assert str(caught.value) == (
            "frame 7 took longer than its limit of 0.05 s"
            " (its thread goes on until it returns; allow it more time or give it less to do)"
        )
        assert waiting.result(5) == "next"
        counters = pools.counters()["cpu"]
        assert (counters["timed_out"], counters["lost"], counters["active"]) == (1, 1, 0)
        assert pools.health() == ("warning", "threads lost: cpu 1")
        plug.pulled.set()
        eventually(lambda: pools.counters()["cpu"]["lost"] == 0)
        assert pools.health() == ("healthy", "")
        assert len(pools._pools["cpu"]._workers) == 1
        assert pools.counters()["cpu"]["completed"] == 1, "what a lost worker returns counts for nothing"


def test_lost_workers_are_replaced_within_twice_the_size_and_all_come_back(plug: Plug) -> None:
    with scheduler(threads=2) as pools:
        hung = [pools.submit(plug, time_limit=0.2) for _ in range(6)]
        for task in hung[:4]:
            with pytest.raises(TimeoutExceededError):
                task.result(5)
        assert pools.counters()["cpu"]["lost"] == 4
        assert len(pools._pools["cpu"]._workers) == 4
        assert not hung[4].done()
        plug.pulled.set()
        assert [task.result(5) for task in hung[4:]] == ["pulled", "pulled"]
        eventually(lambda: pools.counters()["cpu"]["lost"] == 0)
        assert len(pools._pools["cpu"]._workers) <= 2
        # Bound now.
        assert [t.result(5) for t in [pools.submit(lambda i=i: i) for i in range(9)]] == list(range(9))  # type: ignore[misc]


def test_the_limit_counts_from_the_beginning_of_the_work(plug: Plug) -> None:
    with scheduler() as pools:
        pools.submit(plug)
        plug.begun.acquire()
        waits = pools.submit(lambda: "in time", time_limit=0.3)
        time.sleep(0.35)
        plug.pulled.set()
        assert waits.result(5) == "in time"


@pytest.mark.parametrize("limit", [0, -1, float("nan")])
def test_a_limit_is_a_time(limit: float) -> None:
    with scheduler() as pools, pytest.raises(ValueError, match="above 0"):
        pools.submit(int, time_limit=limit)


def test_a_finished_task_with_a_limit_is_kept_by_nobody() -> None:
    class Frame: ...

    with scheduler() as pools:
        task = pools.submit(Frame, time_limit=60)
        frame = weakref.ref(task.result())
        del task
        eventually(lambda: gc.collect() >= 0 and frame() is None)
        for _ in range(1000):
            pools.submit(int, time_limit=60).result()
        assert len(pools._watch._alarms) < 200


def test_tasks_may_wait_for_tasks_of_their_own_pool() -> None:
    def fibonacci(n: int) -> int:
        if n < 2:
            return n
        # Bound now.
        parts = [pools.submit(lambda k=k: fibonacci(k), time_limit=30) for k in (n - 1, n - 2)]  # type: ignore[misc]
        return sum(part.result() for part in parts)

    for threads in (1, 3):
        with scheduler(threads) as pools:
            assert pools.submit(lambda: fibonacci(10)).result(10) == 55
            assert pools.counters()["cpu"]["active"] == 0


def test_many_threads_submit_and_every_task_runs_once() -> None:
    ran: list[int] = []
    with scheduler(threads=8, queue=50) as pools:

        def feed(start: int) -> None:
            for number in range(start, start + 250):
                while True:
                    try:
                        # Bound now.
                        task = pools.submit(lambda n=number: ran.append(n), priority=number % 3)  # type: ignore[misc]
                        break
                    except OverloadedError:
                        time.sleep(0.0005)
                if number % 10 == 0 and not task.cancel():
                    task.result(10)

        with ThreadPoolExecutor(16) as threads:
            list(threads.map(feed, range(0, 4000, 250)))
        eventually(lambda: not pools.counters()["cpu"]["queued"] and not pools.counters()["cpu"]["active"])
        counters = pools.counters()["cpu"]
        assert len(pools._pools["cpu"]._workers) <= 8
    assert len(ran) == len(set(ran)) == counters["completed"]
    assert counters["completed"] + counters["cancelled"] == 4000


def test_threads_are_made_when_needed_and_never_more_than_the_size(plug: Plug) -> None:
    with scheduler(threads=3) as pools:
        workers = pools._pools["cpu"]._workers
        assert len(workers) == 0
        for _ in range(5):
            pools.submit(int).result()
            eventually(lambda: pools._pools["cpu"]._idle == len(workers))
        assert len(workers) == 1
        for _ in range(5):
            pools.submit(plug)
        for _ in range(3):
            assert plug.begun.acquire(timeout=5)
        assert len(workers) == 3
        plug.pulled.set()


def test_close_withdraws_the_queue_and_waits_for_the_running() -> None:
    pools = scheduler()
    begun = threading.Event()
    ended: list[str] = []

    def work() -> None:
        begun.set()
        time.sleep(0.05)
        ended.append("work")

    running = pools.submit(work)
    begun.wait(5)
    queued = pools.submit(int, name="frame 7")
    assert pools.close() == ()
    assert ended == ["work"]
    running.result()
    with pytest.raises(CancelledError, match="frame 7 was withdrawn: the scheduler is closed"):
        queued.result()
    with pytest.raises(CancelledError, match="frame 8 was not taken: the scheduler is closed"):
        pools.submit(int, name="frame 8")
    assert pools.close() == ()
    assert not [t for t in threading.enumerate() if t.name in ("kadr-cpu", "kadr-watch")]


def test_close_has_a_limit_and_leaves_nobody_waiting(plug: Plug, caplog: pytest.LogCaptureFixture) -> None:
    pools = scheduler()
    hung = pools.submit(plug, name="frame 7")
    plug.begun.acquire()
    begun = time.monotonic()
    with caplog.at_level(logging.WARNING, "kadr.pools"):
        assert pools.close(limit=0.05) == ("frame 7",)
    assert time.monotonic() - begun < 20, "it waits far longer than asked"
    assert "still running after 0.05 s: frame 7" in caplog.text
    with pytest.raises(CancelledError, match="closed while it ran"):
        hung.result(5)


def test_close_wakes_tasks_that_wait_for_withdrawn_tasks(plug: Plug) -> None:
    with scheduler(threads=2) as pools:
        pools.submit(plug)
        inner = []

        def waits() -> str:
            inner.append(pools.submit(plug, priority=-1))
            return "never"

        pools.submit(waits).result(5)
        plug.begun.acquire()
        plug.begun.acquire()
        last = pools.submit(int)
        threading.Timer(0.05, plug.pulled.set).start()
        pools.close()
        with pytest.raises(CancelledError):
            last.result(1)
    assert inner[0].result(1) == "pulled"


def test_close_from_inside_a_task_does_not_wait_for_itself() -> None:
    pools = scheduler()
    assert pools.submit(lambda: pools.close(limit=1)).result(5) == ()


def test_the_default_pools_have_the_sizes_of_the_machine() -> None:
    sizes = default_sizes(4)
    threads = {name: size.threads for name, size in sizes.items()}
    assert threads == {"cpu": 4, "io": 16, "remote": 1024, "background": 2}
    with Scheduler(cpu_count=3, memory_budget=10) as pools:
        assert (pools.cpu_count, pools.memory_budget) == (3, 10)
        assert {name: row["size"] for name, row in pools.counters().items()} == {
            "cpu": 3,
            "io": 12,
            "remote": 1024,
            "background": 2,
        }
        for name in sizes:
            assert pools.submit(lambda: 1, pool=name).result(5) == 1


@pytest.mark.parametrize(("threads", "queue"), [(0, 1), (1, 0), (-1, 5)])
def test_a_pool_has_room(threads: int, queue: int) -> None:
    with pytest.raises(ValueError, match="at least one thread"):
        PoolSize(threads, queue)


def test_a_system_without_threads_is_an_overload(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with scheduler() as pools:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            with pytest.raises(OverloadedError, match="gets no thread"):
                pools.submit(int)
        assert pools.submit(lambda: 1).result(5) == 1
        assert pools.counters()["cpu"]["queued"] == 0
