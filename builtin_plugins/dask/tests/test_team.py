"""What becomes of chunks: told in part, failed, lost, slow, without their media."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import distributed
import pytest
from kadr_dask import line
from kadr_dask.team import DaskTeam
from kadr_dask.worker import Answer, Order
from kadr_sdk.errors import CancelledError, MediaFileError, RenderError
from kadr_sdk.execution import Media, PartDone, PartTask
from kadr_sdk.output import Output
from kadr_sdk.plan import Segment

Act = Callable[[Order, Callable[[str, Answer], None]], dict[str, Answer]]


class KilledWorker(Exception):  # noqa: N818 - the library's name for it
    """What the library says of a task that ended three workers."""


class Client:
    """Workers that are threads, and do what a test says instead of a task."""

    status = "running"

    def __init__(self, workers: int, act: Act) -> None:
        self.act = act
        self.orders: list[tuple[list[int], Any]] = []
        self.cancelled: list[Any] = []
        self.first = ""
        self._info = {"workers": {f"tcp://{n}": {"nthreads": 1} for n in range(workers)}}
        self._threads = ThreadPoolExecutor(workers)

    def submit(self, _make: Any, order: Order, *, key: str, workers: Any = None, **_: Any) -> Any:
        self.orders.append(([index(data) for data in order.tasks.values()], workers))
        future: Any = Future()
        future.key, future.status, self.first = key, "pending", self.first or key
        self._threads.submit(self._do, order, future)
        return future

    def _do(self, order: Order, future: Any) -> None:
        def tell(key: str, answer: Answer) -> None:
            self.hear((0.0, {"key": key, "answer": pickle.dumps(answer)}))

        try:
            found = self.act(order, tell)
        except Exception as error:  # noqa: BLE001 - is the future's
            future.status = "error"
            future.set_exception(error)
        else:
            future.status = "finished"
            future.set_result(found)

    def subscribe_topic(self, _name: str, hear: Any) -> None:
        self.hear = hear

    def unsubscribe_topic(self, _name: str) -> None:
        return

    def scheduler_info(self, n_workers: int) -> Any:
        return self._info

    def processing(self) -> Any:
        return {"tcp://0": (), "tcp://1": (self.first,), "tcp://2": ()}

    def cancel(self, futures: list[Any], force: bool) -> None:
        self.cancelled += futures

    def close(self, timeout: float) -> None:
        self._threads.shutdown()


class Context:
    """Counts frames; can be told to stop."""

    def __init__(self) -> None:
        self.frames = 0
        self.stop = threading.Event()

    def check(self) -> None:
        if self.stop.is_set():
            raise CancelledError("stop")

    def advance(self, amount: int) -> None:
        self.frames += amount

    def warn(self, *_: str) -> None:
        return


def index(data: bytes) -> int:
    task: PartTask = pickle.loads(data)
    return task.segment.index


def done(data: bytes) -> Answer:
    return Answer("tcp://0", PartDone((f"digest {index(data)}",)), seconds=0.1)


def well(order: Order, tell: Callable[[str, Answer], None]) -> dict[str, Answer]:
    return {key: done(data) for key, data in order.tasks.items()}


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[DaskTeam, Client]]]:
    """A team whose workers are known to make ten segments a second."""
    word = SimpleNamespace(set=lambda *_, **__: None, delete=lambda: None)
    monkeypatch.setattr(distributed, "Variable", lambda _name, client: word)
    open_: list[DaskTeam] = []

    def make(act: Act, workers: int = 1, store: str = "") -> tuple[DaskTeam, Client]:
        client = Client(workers, act)
        team = DaskTeam(client, None, b"", store, 10**6, "render")
        open_.append(team)
        for _ in range(2):
            team._line.note(line.Piece(task(0), ""), 0.1)
        return team, client

    yield make
    for team in open_:
        team.close()


def task(number: int) -> PartTask:
    output = Output("mp4", "mp4", None, None)
    return PartTask("job", Segment(number, 0, 3, ()), (output,), (Path(f"{number}.part"),), cost=10.0)


def run_all(team: DaskTeam, count: int, context: Any) -> list[str]:
    """Digests, or names of errors, of so many segments at once, which wait for a worker together."""

    def one(number: int) -> str:
        try:
            return team.run(task(number), context).digests[0]
        except Exception as error:  # noqa: BLE001 - compared
            return type(error).__name__

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


class Held:
    """The first order waits until all segments are in line."""

    def __init__(self, act: Act, count: int) -> None:
        self.act, self.count, self.first = act, count, True
        self.team: Any = None

    def __call__(self, order: Order, tell: Any) -> dict[str, Answer]:
        while self.first and len(self.team._line._waiting) < self.count - 1:
            threading.Event().wait(0.005)
        self.first = False
        return self.act(order, tell)


@pytest.fixture
def held(begin: Any) -> Callable[..., tuple[DaskTeam, Client]]:
    def make(act: Act, count: int) -> tuple[DaskTeam, Client]:
        gate = Held(act, count)
        team, client = begin(gate)
        gate.team = team
        return team, client

    return make


def test_cheap_segments_go_in_chunks_and_each_is_counted(held: Any) -> None:
    team, client = held(well, 20)
    context = Context()
    assert run_all(team, 20, context) == [f"digest {n}" for n in range(20)]
    sizes = [len(pieces) for pieces, _ in client.orders]
    assert sizes[:2] == [1, 9]
    assert (sum(sizes), sizes[-1]) == (20, 1)
    assert context.frames == 60


def test_what_was_told_of_is_kept_where_the_chunk_fails(held: Any) -> None:
    def act(order: Order, tell: Any) -> dict[str, Answer]:
        found: dict[str, Answer] = {}
        for number, (key, data) in enumerate(order.tasks.items()):
            if number == 2:
                raise RenderError("the third cannot be made")
            tell(key, done(data))
            found[key] = done(data)
        return found

    team, client = held(act, 9)
    found = run_all(team, 9, Context())
    pieces = client.orders[1][0]
    assert len(pieces) == 4
    assert [found[n] for n in pieces] == [f"digest {n}" for n in pieces[:2]] + ["RenderError"] * 2


def test_a_chunk_that_ended_workers_is_tried_one_by_one(held: Any) -> None:
    def act(order: Order, tell: Any) -> dict[str, Answer]:
        numbers = [index(data) for data in order.tasks.values()]
        bad.extend(numbers[1:2] if not bad else ())
        if bad and bad[0] in numbers:
            raise KilledWorker("three times")
        return well(order, tell)

    bad: list[int] = []
    team, client = held(act, 12)
    found = run_all(team, 12, Context())
    orders = [pieces for pieces, _ in client.orders]
    assert (orders[1][1], len(orders[1])) == (bad[0], 5)
    assert all([number] in orders for number in orders[1])
    assert found == ["RenderError" if number in bad else f"digest {number}" for number in range(12)]


def test_the_other_workers_get_what_is_slow(begin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "_SLOW_SECONDS", 0.0)
    go = threading.Event()

    def act(order: Order, tell: Any) -> dict[str, Answer]:
        if len(client.orders) == 1:
            go.wait(20)
        return well(order, tell)

    team, client = begin(act, workers=3)
    assert run_all(team, 1, Context()) == ["digest 0"]
    go.set()
    assert [where for _, where in client.orders] == [None, ["tcp://0", "tcp://2"]]
    assert len(client.cancelled) == 2


def test_missing_media_are_supplied_or_named(begin: Any, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"film")
    lacks = Media(str(tmp_path / "a.mp4"), "digest-of-a")

    def act(order: Order, tell: Any) -> dict[str, Answer]:
        if (tmp_path / "store" / "digest-of-a").exists():
            return well(order, tell)
        return {key: Answer("tcp://0", missing=(lacks,)) for key in order.tasks}

    team, client = begin(act)
    with pytest.raises(MediaFileError, match="worker tcp://0 does not have this file") as caught:
        team.run(task(0), Context())
    assert "plugin.kadr.dask.store" in caught.value.hint
    team, client = begin(act, store=f"file://{tmp_path / 'store'}")
    assert team.run(task(0), Context()).digests == ("digest 0",)
    assert len(client.orders) == 2


def test_a_cancelled_chunk_is_withdrawn(begin: Any) -> None:
    go, context = threading.Event(), Context()

    def act(order: Order, tell: Any) -> dict[str, Answer]:
        context.stop.set()
        go.wait(20)
        return well(order, tell)

    team, client = begin(act)
    with pytest.raises(CancelledError):
        team.run(task(0), context)
    go.set()
    assert len(client.cancelled) == 1
