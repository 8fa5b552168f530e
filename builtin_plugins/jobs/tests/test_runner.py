"""The runner: what becomes of jobs."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from kadr_jobs.runner import Runner
from kadr_sdk.errors import OverloadedError
from kadr_sdk.rendering import RenderRequest

HANG = 30.0


class Behind:
    """A runner in a thread of its own, as another process would be."""

    def __init__(self, runner: Runner) -> None:
        self.ended: Any = None
        self._thread = threading.Thread(target=self._run, args=(runner,))
        self._thread.start()

    def _run(self, runner: Runner) -> None:
        self.ended = runner.run(until_empty=True)

    def join(self) -> Any:
        self._thread.join(HANG)
        assert not self._thread.is_alive()
        return self.ended


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kadr_jobs.runner._LOOK", 0.01)


def test_all_is_carried_out_in_order(office: Any, renderer: Any, runner: Any) -> None:
    queue = office.open()
    for name, priority in (("a", 0), ("b", 1), ("c", 0)):
        office.submit(queue, name, priority=priority)
    ended = runner(queue).run(until_empty=True)
    assert ended.done == (2, 1, 3)
    assert renderer.began == ["b", "a", "c"]
    assert renderer.most == 1
    job = queue.get(1)
    assert (job.state, job.results[0]["reused"], job.results[0]["segments"]) == ("done", 1, 2)
    assert office.changes[-2:] == [(3, "queued", "running"), (3, "running", "done")]


def test_several_at_once(office: Any, renderer: Any, runner: Any) -> None:
    queue = office.open()
    for name in "abc":
        office.submit(queue, name, "wait")
    behind = Behind(runner(queue, 2))
    for _ in range(2):
        assert renderer.entered.acquire(timeout=HANG)
    assert [job.state for job in office.open().all()] == ["running", "running", "queued"]
    renderer.go.set()
    assert sorted(behind.join().done) == [1, 2, 3]
    assert renderer.most == 2


@pytest.mark.parametrize(("act", "state"), [("pause", "paused"), ("cancel", "cancelled")])
def test_a_job_at_work_is_stopped(office: Any, renderer: Any, runner: Any, act: str, state: str) -> None:
    queue, other = office.open(), office.open()
    office.submit(queue, "a", "wait")
    office.submit(queue, "b")
    behind = Behind(runner(queue))
    assert renderer.entered.acquire(timeout=HANG)
    getattr(other, act)(1)
    assert behind.join().stopped == (1,)
    assert [(job.id, job.state) for job in other.all()] == sorted([(1, state), (2, "done")], key=order)
    assert not (office.folder / "a").exists()


def order(row: tuple[int, str]) -> tuple[bool, int]:
    return row[1] != "paused", row[0]


def test_a_failure_is_kept_and_others_go_on(office: Any, runner: Any) -> None:
    queue = office.open()
    for name, text in (("a", "bad"), ("b", "defect"), ("c", "film")):
        office.submit(queue, name, text)
    ended = runner(queue).run(until_empty=True)
    assert (ended.failed, ended.done) == ((1, 2), (3,))
    bad, defect = queue.get(1).error, queue.get(2).error
    assert (bad["message"], bad["problems"][0]["hint"], bad["exit_code"]) == ("cannot be", "do otherwise", 2)
    assert (defect["message"], defect["exit_code"]) == ("ZeroDivisionError: oh", 1)
    office.project("film", "a.tlp")
    queue.resume(1)
    assert queue.get(1).error == {}


def test_only_what_was_submitted_is_rendered(office: Any, renderer: Any, runner: Any) -> None:
    queue = office.open()
    office.submit(queue, "a")
    office.project("another film", "a.tlp")
    assert runner(queue).run(until_empty=True).failed == (1,)
    assert renderer.began == []
    error = queue.get(1).error
    assert error["message"] == "changed since the job was submitted"
    assert error["problems"][0]["hint"] == "submit it again to render what it is now"


def test_several_outputs_are_one_job(office: Any, renderer: Any, runner: Any) -> None:
    queue = office.open()
    requests = [RenderRequest(office.folder / name) for name in ("a", "b")]
    queue.submit(office.project(), requests)
    runner(queue).run(until_empty=True)
    assert [row["output"] for row in queue.get(1).results] == [str(r.output) for r in requests]


def test_progress_is_seen_by_others(office: Any, renderer: Any, runner: Any) -> None:
    queue, other = office.open(), office.open()
    office.submit(queue, "a", "wait")
    behind = Behind(runner(queue))
    for _ in range(int(HANG * 100)):
        job = other.get(1)
        if job.done:
            break
        threading.Event().wait(0.01)
    assert (job.done, job.total) == (5, 10)
    renderer.go.set()
    behind.join()


def test_a_runner_that_is_interrupted_puts_its_jobs_back(
    office: Any, renderer: Any, runner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = office.open()
    office.submit(queue, "a", "wait")
    one = runner(queue)
    turn = one._turn

    def interrupted() -> bool:
        turn()
        assert renderer.entered.acquire(timeout=HANG)
        raise KeyboardInterrupt

    monkeypatch.setattr(one, "_turn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        one.run(until_empty=False)
    job = office.open().get(1)
    assert (job.state, job.crashes) == ("queued", 0)


def test_a_full_pool_leaves_the_job_in_the_queue(
    office: Any, runner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = office.open()
    office.submit(queue, "a")
    one = runner(queue)

    def full(*_: Any, **__: Any) -> None:
        raise OverloadedError("full")

    monkeypatch.setattr(one._scheduler, "submit", full)
    with pytest.raises(OverloadedError):
        one.run(until_empty=True)
    assert queue.get(1).state == "queued"
