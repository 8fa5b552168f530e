"""The queue: what anybody may ask of jobs, and what their runner does with them."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from kadr_sdk.errors import (
    InvalidParameterError,
    InvalidPathError,
    KadrError,
    OverloadedError,
    RenderError,
)
from kadr_sdk.events import Event, JobStateChanged
from kadr_sdk.jobs import ENDED, STATES, Job
from kadr_sdk.rendering import ProjectStore, RenderRequest

from kadr_jobs.owner import Owner
from kadr_jobs.rows import outputs, requests_text
from kadr_jobs.states import MAX_CRASHES, after
from kadr_jobs.store import Store

__all__ = ["Queue", "digest_of"]

_ACTIVE = ("queued", "running", "paused")
_LIMIT = 1_000_000  # of priorities, either way
_PATIENCE = 2.0  # seconds: those who only look whether a runner lives hold its lock for a moment


class Queue:
    """Satisfies :class:`kadr_sdk.jobs.Jobs`.

    Args:
        folder: of the queue's files.
        projects: reads projects when they are submitted.
        now: seconds since 1970.
        publish: told of every change of state that is made here.
    """

    def __init__(
        self,
        folder: Path,
        projects: ProjectStore,
        now: Callable[[], float],
        publish: Callable[[Event], object],
    ) -> None:
        self._store = Store(folder / "jobs.sqlite3")
        self._owner = Owner(folder / "runner.lock")
        self._projects = projects
        self._now = now
        self._publish = publish

    # -- for anybody -----------------------------------------------------------------------------

    def submit(self, project: Path, requests: Sequence[RenderRequest], priority: int = 0) -> Job:
        """Queue a render."""
        _check_priority(priority)
        project = project.absolute()
        self._projects.open(project)
        wanted = tuple(_whole(request) for request in requests)
        if not wanted:
            raise InvalidPathError("no output is named", hint="add -o FILE")
        _check_outputs(wanted, project)
        values = (priority, str(project), digest_of(project), requests_text(wanted), self._now())
        with self._store.writing() as connection:
            self._refuse_taken([r.output for r in wanted if r.output], None)
            number = connection.execute(
                "INSERT INTO job (state, priority, project, digest, requests, submitted)"
                " VALUES ('queued', ?, ?, ?, ?, ?)",
                values,
            ).lastrowid
        assert number is not None
        self._publish(JobStateChanged(number, "", "queued", str(project)))
        return self.get(number)

    def get(self, job: int) -> Job:
        """A job."""
        self._settle()
        return self._store.get(job)

    def all(self, states: Collection[str] = ()) -> Sequence[Job]:
        """Jobs in these states."""
        self._settle()
        return self._store.jobs(states)

    def pause(self, job: int) -> Job:
        """Take it out of the queue, or have its runner stop it."""
        return self._ask(job, "pause")

    def cancel(self, job: int) -> Job:
        """End it, or have its runner end it."""
        return self._ask(job, "cancel")

    def resume(self, job: int) -> Job:
        """Queue it again."""
        self._settle()
        with self._store.writing():
            found = self._store.get(job)
            if found.state == "running" and found.wish:  # stopped, it goes back into the queue
                self._store.change(job, wish="")
                return self._store.get(job)
            if found.state in ENDED:
                self._refuse_taken(outputs(found), job)
            state = after(job, found.state, "resume")
            self._store.change(job, state=state, crashes=0, error="{}", ended=0.0)
        return self._told(found)

    def prioritize(self, job: int, priority: int) -> Job:
        """Change when it is taken."""
        _check_priority(priority)
        with self._store.writing():
            self._store.get(job)
            self._store.change(job, priority=priority)
        return self._store.get(job)

    def clear(self, states: Collection[str] = ENDED) -> int:
        """Forget jobs that have ended."""
        wrong = sorted(set(states) - set(ENDED))
        if wrong:
            hint = f"only what has ended can be forgotten: {', '.join(ENDED)}"
            raise InvalidParameterError(f"jobs that are {wrong[0]} are not cleared", hint=hint)
        with self._store.writing() as connection:
            rows = [(job.id,) for job in self._store.jobs(tuple(states))]
            connection.executemany("DELETE FROM job WHERE id = ?", rows)
        return len(rows)

    def running(self) -> bool:
        """Whether a runner is at work, here or elsewhere."""
        if self._owner.held:
            return True
        with self._store.reading():  # makes the folder's trouble one error
            if not self._owner.acquire():
                return True
        self._owner.release()
        return False

    def close(self) -> None:
        """Close the files."""
        self._owner.release()
        self._store.close()

    def health(self) -> tuple[str, str]:
        """How many jobs there are, by state."""
        jobs = self._store.jobs() if self._store.path.exists() else []
        counts = Counter(job.state for job in jobs)
        return "healthy", ", ".join(f"{counts[state]} {state}" for state in STATES)

    # -- for the runner --------------------------------------------------------------------------

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Be the one runner of this queue while the block lasts.

        Raises:
            OverloadedError: there is another one.
        """
        with self._store.reading():
            taken = self._owner.acquire(_PATIENCE)
        if not taken:
            hint = "it takes new jobs by itself; see: kadr jobs list"
            raise OverloadedError("another runner works on this queue", path=self._store.path, hint=hint)
        try:
            self._recover()
            yield
        finally:
            self._owner.release()

    def take(self) -> Job | None:
        """The next job, which runs from now on; None: nothing waits."""
        with self._store.writing():
            waiting = self._store.jobs(("queued",))
            if not waiting:
                return None
            first = waiting[0]
            started = {"started": self._now(), "ended": 0.0, "done": 0, "total": 0}
            self._store.change(first.id, state=after(first.id, first.state, "take"), wish="", **started)
        return self._told(first)

    def wishes(self) -> Mapping[int, str]:
        """What running jobs were asked to do."""
        return {job.id: job.wish for job in self._store.jobs(("running",)) if job.wish}

    def progress(self, job: int, done: int, total: int) -> None:
        """Frames done of all."""
        self._store.change(job, done=done, total=total)

    def finish(self, job: int, results: Sequence[Mapping[str, Any]]) -> Job:
        """Its outputs stand under their names."""
        return self._move(job, "finish", results=json.dumps(list(results)))

    def fail(self, job: int, error: KadrError) -> Job:
        """It cannot be made."""
        return self._move(job, "fail", error=json.dumps(error.as_dict() | {"exit_code": error.exit_code}))

    def stopped(self, job: int) -> Job:
        """Its work has ended early: as was wished, or because the runner ends."""
        return self._move(job, self._store.get(job).wish or "stop")

    # -- inside ----------------------------------------------------------------------------------

    def _ask(self, number: int, action: str) -> Job:
        self._settle()
        with self._store.writing():
            found = self._store.get(number)
            if found.state == ("paused" if action == "pause" else "cancelled"):
                return found
            state = after(number, found.state, action)
            if found.state == "running":
                self._store.change(number, wish=action)
                return self._store.get(number)
            self._store.change(number, state=state, **self._ending(state))
        return self._told(found)

    def _move(self, number: int, action: str, **values: str) -> Job:
        with self._store.writing():
            found = self._store.get(number)
            state = after(number, found.state, action)
            self._store.change(number, state=state, wish="", **self._ending(state), **values)
        return self._told(found)

    def _ending(self, state: str) -> dict[str, float]:
        return {"ended": self._now()} if state in ENDED else {}

    def _told(self, before: Job) -> Job:
        """The job as it is now, with an event of its change."""
        now = self._store.get(before.id)
        message = str(now.error.get("message", ""))
        self._publish(JobStateChanged(now.id, before.state, now.state, str(now.project), message))
        return now

    def _settle(self) -> None:
        """What a dead runner has left running goes back into the queue."""
        if self._owner.held or not self._store.any("running"):
            return
        if self._owner.acquire():
            try:
                self._recover()
            finally:
                self._owner.release()

    def _recover(self) -> None:
        for job in self._store.jobs(("running",)):
            crashes = job.crashes + 1
            self._store.change(job.id, crashes=crashes)
            if crashes >= MAX_CRASHES and not job.wish:
                text = f"the runner has died {crashes} times while it rendered this"
                hint = "see what kills it (memory, a plugin), then: kadr jobs resume"
                self.fail(job.id, RenderError(text, path=job.project, hint=hint))
            else:
                self._move(job.id, job.wish or "crash")

    def _refuse_taken(self, paths: Sequence[Path], own: int | None) -> None:
        wanted = {os.path.normcase(path) for path in paths}
        for job in self._store.jobs(_ACTIVE):
            for path in outputs(job):
                if job.id != own and os.path.normcase(path) in wanted:
                    hint = "choose another name, or cancel that job"
                    raise InvalidPathError(f"job {job.id} writes this file", path=path, hint=hint)


def digest_of(project: Path) -> str:
    """sha256 of a project file as hex.

    Raises:
        InvalidPathError: it cannot be read.
    """
    try:
        with project.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidPathError(f"cannot be read: {reason}", path=project) from error


def _whole(request: RenderRequest) -> RenderRequest:
    """The request with a full path, for the runner may start elsewhere."""
    if request.output is None:
        raise InvalidPathError("no output is named", hint="add -o FILE")
    return replace(request, output=request.output.absolute())


def _check_outputs(requests: Sequence[RenderRequest], project: Path) -> None:
    seen: set[str] = set()
    for request in requests:
        path = request.output
        assert path is not None
        if os.path.normcase(path) in seen:
            raise InvalidPathError("is named twice", path=path, hint="give every output a name of its own")
        seen.add(os.path.normcase(path))
        if os.path.normcase(path) == os.path.normcase(project):
            raise InvalidPathError("the output is the project itself", path=path, hint="choose another name")
        if not path.parent.is_dir():
            raise InvalidPathError("the folder does not exist", path=path.parent, hint="make it first")
        if path.is_file() and not request.overwrite:
            hint = "choose another name, or add --overwrite"
            raise InvalidPathError("exists already", path=path, hint=hint)


def _check_priority(priority: int) -> None:
    if abs(priority) > _LIMIT:
        hint = f"a priority is between -{_LIMIT} and {_LIMIT}"
        raise InvalidParameterError(f"{priority} is no priority", hint=hint)
