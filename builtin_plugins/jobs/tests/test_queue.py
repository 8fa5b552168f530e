"""Jobs as anybody sees them, in one process and several."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_jobs.owner import Owner
from kadr_jobs.rows import request_data, request_of
from kadr_sdk.errors import (
    InvalidParameterError,
    InvalidPathError,
    NotFoundError,
    OverloadedError,
    StorageError,
)
from kadr_sdk.rendering import RenderRequest

FULL = RenderRequest(
    Path("/films/a.mp4"), "web", "mp4", (Fraction(1, 3), Fraction(5)), (640, 360), Fraction(30000, 1001),
    {"codec": "h264", "crf": 20.5}, {"codec": "aac"}, 3, "full", True, "hold", False, "export", "auto",
)  # fmt: skip


def test_a_request_survives_being_written_down() -> None:
    assert request_of(request_data(FULL)) == FULL
    assert request_of(request_data(RenderRequest(Path("a")))) == RenderRequest(Path("a"))
    assert request_data(RenderRequest(Path("a"))) == {"output": "a"}


def test_a_job_is_there_after_a_restart(office: Any) -> None:
    project = office.project()
    queue = office.open()
    request = replace(FULL, output=office.folder / "a.mp4")
    job = queue.submit(project, [request], 3)
    queue.close()
    again = office.open().get(job.id)
    assert again == job
    assert (again.state, again.priority, again.requests) == ("queued", 3, (request,))
    assert again.submitted == office.now
    assert office.changes == [(1, "", "queued")]


def test_order_is_by_priority_then_by_number(office: Any) -> None:
    queue = office.open()
    for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 5)):
        office.submit(queue, name, priority=priority)
    queue.prioritize(3, 9)
    assert [job.id for job in office.open().all()] == [3, 2, 4, 1]
    with queue.owned():
        assert [job.id for job in iter(queue.take, None)] == [3, 2, 4, 1]


def test_numbers_are_never_given_twice(office: Any) -> None:
    queue = office.open()
    office.submit(queue, "a")
    queue.cancel(1)
    assert queue.clear() == 1
    assert office.submit(queue, "a").id == 2


def test_waiting_jobs_are_paused_resumed_and_cancelled(office: Any) -> None:
    queue = office.open()
    office.submit(queue, "a")
    assert queue.pause(1).state == "paused"
    assert queue.pause(1).state == "paused"
    with queue.owned():
        assert queue.take() is None
    assert queue.resume(1).state == "queued"
    assert queue.cancel(1).state == "cancelled"
    assert queue.cancel(1).ended == office.now
    assert queue.resume(1).state == "queued"
    states = [(before, after) for _, before, after in office.changes]
    assert states == [
        ("", "queued"), ("queued", "paused"), ("paused", "queued"),
        ("queued", "cancelled"), ("cancelled", "queued"),
    ]  # fmt: skip


def test_a_running_job_is_asked_by_another_process_and_moved_by_its_runner(office: Any) -> None:
    queue, other = office.open(), office.open()
    office.submit(queue, "a")
    with queue.owned():
        queue.take()
        asked = other.pause(1)
        assert (asked.state, asked.wish) == ("running", "pause")
        assert queue.wishes() == {1: "pause"}
        assert other.cancel(1).wish == "cancel"
        assert queue.stopped(1).state == "cancelled"
        assert other.get(1).wish == ""


def test_a_wish_taken_back_puts_the_job_back_into_the_queue(office: Any) -> None:
    queue, other = office.open(), office.open()
    office.submit(queue, "a")
    with queue.owned():
        queue.take()
        other.pause(1)
        assert other.resume(1).wish == ""
        assert queue.stopped(1).state == "queued"


def test_what_has_finished_is_done_whatever_was_wished(office: Any) -> None:
    queue = office.open()
    office.submit(queue, "a")
    with queue.owned():
        queue.take()
        queue.cancel(1)
        assert queue.finish(1, [{"output": "a"}]).state == "done"
    with pytest.raises(InvalidParameterError, match="job 1 is done and cannot be resumed"):
        queue.resume(1)


def test_there_is_one_runner(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kadr_jobs.queue._PATIENCE", 0.0)
    queue, other = office.open(), office.open()
    with queue.owned():
        assert other.running()
        assert queue.running()
        with pytest.raises(OverloadedError, match="another runner works on this queue"), other.owned():
            pass
    assert not other.running()
    with other.owned():
        pass


def die(office: Any) -> None:
    """A runner takes a job and dies: its lock is free, its row is not."""
    queue = office.open()
    with queue.owned():
        assert queue.take() is not None


def test_the_job_of_a_dead_runner_waits_again(office: Any) -> None:
    office.submit(office.open(), "a")
    die(office)
    job = office.open().get(1)
    assert (job.state, job.crashes) == ("queued", 1)


@pytest.mark.parametrize(("wish", "state"), [("pause", "paused"), ("cancel", "cancelled")])
def test_a_wish_outlives_the_runner(office: Any, wish: str, state: str) -> None:
    queue, other = office.open(), office.open()
    office.submit(queue, "a")
    with queue.owned():
        queue.take()
        getattr(other, wish)(1)
    assert other.get(1).state == state


def test_a_job_that_kills_its_runners_fails(office: Any) -> None:
    queue = office.open()
    office.submit(queue, "a")
    for _ in range(3):
        die(office)
    job = queue.get(1)
    assert job.state == "failed"
    assert job.error["message"] == "the runner has died 3 times while it rendered this"
    assert queue.resume(1).crashes == 0


@pytest.mark.parametrize("name", ["film.mp4", "none/film.mp4"])
def test_an_output_that_cannot_be_is_refused_at_once(office: Any, name: str) -> None:
    (office.folder / "film.mp4").write_text("mine", "utf-8")
    with pytest.raises(InvalidPathError, match=r"exists already|folder does not exist"):
        office.open().submit(office.project(), [RenderRequest(office.folder / name)])
    assert office.open().all() == []


def test_two_jobs_do_not_write_one_file(office: Any) -> None:
    queue, output = office.open(), office.folder / "a.mp4"
    office.submit(queue, "a.mp4")
    with pytest.raises(InvalidPathError, match="job 1 writes this file"):
        queue.submit(office.project(), [RenderRequest(output)])
    queue.cancel(1)
    queue.submit(office.project(), [RenderRequest(output)])
    with pytest.raises(InvalidPathError, match="job 2 writes this file"):
        queue.resume(1)
    with pytest.raises(InvalidPathError, match="named twice"):
        queue.submit(office.project(), [RenderRequest(office.folder / "b")] * 2)


def test_the_output_is_not_the_project(office: Any) -> None:
    project = office.project()
    with pytest.raises(InvalidPathError, match="is the project itself"):
        office.open().submit(project, [RenderRequest(project, overwrite=True)])


def test_a_missing_project_and_no_output_are_refused(office: Any) -> None:
    queue = office.open()
    with pytest.raises(InvalidPathError, match="no such project"):
        queue.submit(office.folder / "none.tlp", [RenderRequest(office.folder / "a")])
    for requests in ([], [RenderRequest()]):
        with pytest.raises(InvalidPathError, match="no output is named"):
            queue.submit(office.project(), requests)


def test_what_is_wrong_is_said(office: Any) -> None:
    queue = office.open()
    for act in (queue.get, queue.pause, queue.resume, queue.cancel):
        with pytest.raises(NotFoundError, match="unknown job '9'"):
            act(9)
    with pytest.raises(InvalidParameterError, match="is no priority"):
        office.submit(queue, "a", priority=10**7)
    with pytest.raises(InvalidParameterError, match="jobs that are queued are not cleared"):
        queue.clear(["queued"])


def test_a_damaged_file_is_one_error(office: Any) -> None:
    queue = office.open()
    (office.folder / "queue" / "jobs.sqlite3").write_bytes(b"nonsense" * 1000)
    with pytest.raises(StorageError, match="the queue of jobs cannot be used"):
        queue.all()


def test_a_file_of_a_newer_kadr_is_left_alone(office: Any) -> None:
    path = office.folder / "queue" / "jobs.sqlite3"
    office.open()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StorageError, match="written by a newer kadr"):
        office.open().all()


def test_the_lock_of_the_runner_is_waited_for(tmp_path: Path) -> None:
    one, two = Owner(tmp_path / "lock"), Owner(tmp_path / "lock")
    assert one.acquire()
    assert not two.acquire()
    one.release()
    one.release()
    assert two.acquire(1.0)
    two.release()


def test_health_counts(office: Any) -> None:
    queue = office.open()
    office.submit(queue, "a")
    assert queue.health()[0] == "healthy"
    assert queue.health()[1].startswith("1 queued, 0 running")
