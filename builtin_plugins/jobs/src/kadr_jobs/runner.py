"""The runner: takes jobs from the queue and renders them, several at once.

All work goes through the kernel's one scheduler, so its processors and its memory budget are
shared by whatever runs at once. Pausing a job stops its work, which frees both; what was
finished is in the cache, and resuming goes on from there.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kadr_sdk.errors import CancelledError, InternalError, InvalidPathError, KadrError
from kadr_sdk.jobs import Job
from kadr_sdk.rendering import Control, ProjectStore, Renderer
from kadr_sdk.reports import RenderReport
from kadr_sdk.services import Container, EventBus, Scheduler, Task

from kadr_jobs.progress import Watch
from kadr_jobs.queue import Queue, digest_of

__all__ = ["Ended", "Runner"]

_LOOK = 0.2  # seconds between looks at the queue: wishes are seen, new jobs are taken


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of the jobs that a runner took, by number."""

    done: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()
    stopped: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Running:
    control: Control
    task: Task[tuple[RenderReport, ...]]


class Runner:
    """Owns the queue while :meth:`run` lasts.

    Args:
        parallel: jobs at once.
    """

    def __init__(self, queue: Queue, container: Container, parallel: int = 1) -> None:
        self._queue = queue
        self._parallel = parallel
        self._projects = container.get(ProjectStore)
        self._renderer = container.get(Renderer)
        self._scheduler = container.get(Scheduler)
        self._events = container.get(EventBus)
        self._watch = Watch()
        self._look = threading.Event()
        self._running: dict[int, _Running] = {}
        self._ended: dict[str, list[int]] = {"done": [], "failed": [], "stopped": []}

    def run(self, *, until_empty: bool) -> Ended:
        """Carry jobs out; whatever ends it (Ctrl-C, too), jobs at work go back into the queue.

        Args:
            until_empty: end where nothing runs and nothing waits; else wait for new jobs.

        Raises:
            OverloadedError: another runner works on this queue.
        """
        with self._queue.owned(), self._watch.listening(self._events):
            try:
                while self._turn() or not until_empty:
                    self._look.wait(_LOOK)
                    self._look.clear()
            finally:
                self._stop_all()
        return Ended(**{name: tuple(jobs) for name, jobs in self._ended.items()})

    def _turn(self) -> bool:
        """Look once at everything; False: there is nothing to do."""
        for number, (done, total) in self._watch.take().items():
            self._queue.progress(number, done, total)
        for number in self._queue.wishes():
            if number in self._running:
                self._running[number].control.cancel()
        for number in [n for n, running in self._running.items() if running.task.done()]:
            self._collect(number)
        while len(self._running) < self._parallel and (job := self._queue.take()) is not None:
            self._begin(job)
        return bool(self._running)

    def _begin(self, job: Job) -> None:
        control = self._renderer.control()
        try:
            task = self._scheduler.submit(lambda: self._work(job, control), pool="io", name=f"job {job.id}")
        except BaseException:
            self._queue.stopped(job.id)
            raise
        self._running[job.id] = _Running(control, task)

    def _work(self, job: Job, control: Control) -> tuple[RenderReport, ...]:
        try:
            with self._watch.of(job.id):
                _require_unchanged(job)
                project, base = self._projects.open(job.project), job.project.parent
                _require_unchanged(job)  # nobody wrote while it was read
                if len(job.requests) == 1:
                    return (self._renderer.render(project, base, job.requests[0], control),)
                return self._renderer.render_all(project, base, job.requests, control)
        finally:
            self._look.set()

    def _collect(self, number: int) -> None:
        task = self._running.pop(number).task
        try:
            self._queue.finish(number, [_result(report) for report in task.result()])
            self._ended["done"].append(number)
        except CancelledError:
            self._queue.stopped(number)
            self._ended["stopped"].append(number)
        except KadrError as error:
            self._queue.fail(number, error)
            self._ended["failed"].append(number)
        except Exception as error:  # noqa: BLE001 - a defect ends the job, not the runner
            self._queue.fail(number, InternalError(f"{type(error).__name__}: {error}"))
            self._ended["failed"].append(number)

    def _stop_all(self) -> None:
        for running in self._running.values():
            running.control.cancel()
        for number, running in list(self._running.items()):
            while not running.task.done():
                with suppress(Exception):
                    running.task.result(timeout=_LOOK)
            self._collect(number)


def _require_unchanged(job: Job) -> None:
    if digest_of(job.project) != job.digest:
        hint = "submit it again to render what it is now"
        raise InvalidPathError("changed since the job was submitted", path=job.project, hint=hint)


def _result(report: RenderReport) -> Mapping[str, Any]:
    names = ("output", "frames", "bytes", "seconds", "digest", "segments", "reused", "copied")
    found = {name: getattr(report, name) for name in names}
    return found | {"warnings": [str(warning) for warning in report.warnings]}
