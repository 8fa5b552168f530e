"""The queue of render jobs: what a job is, and the service that keeps them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kadr_sdk.rendering import RenderRequest

__all__ = ["ENDED", "STATES", "Job", "Jobs"]

STATES = ("queued", "running", "paused", "done", "failed", "cancelled")
"""Where a job may stand."""

ENDED = ("done", "failed", "cancelled")
"""States that nothing leaves by itself."""


@dataclass(frozen=True, slots=True)
class Job:
    """A render that was asked for: a row of the queue.

    Attributes:
        id: counts up and is never given twice.
        priority: the higher goes first; among equals the earlier submitted.
        project: full path of the project file.
        digest: sha256 of that file when the job was submitted; only this content is rendered.
        requests: the outputs; several share what they can.
        wish: what a running job was asked to do and has not done yet: ``pause`` or ``cancel``.
        submitted, started, ended: seconds since 1970; 0: not yet. ``started`` is the last start.
        crashes: how often a runner died in the middle of it.
        done, total: frames; 0 of 0 where nothing is known yet.
        error: of a failed one: its exit code and what :meth:`kadr_sdk.errors.KadrError.as_dict` says.
        results: of a done one, for each output: path, frames, bytes, seconds, digest, segments,
            and how many of them were reused.
    """

    id: int
    state: str
    priority: int
    project: Path
    digest: str
    requests: tuple[RenderRequest, ...]
    wish: str = ""
    submitted: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    crashes: int = 0
    done: int = 0
    total: int = 0
    error: Mapping[str, Any] = field(default_factory=dict)
    results: tuple[Mapping[str, Any], ...] = ()


class Jobs(Protocol):
    """The queue of this user: safe for threads and processes, and still there after a restart.

    A runner (``kadr jobs run``) carries jobs out. What is asked of a running job is a wish
    that its runner fulfils within two seconds.
    """

    def submit(self, project: Path, requests: Sequence[RenderRequest], priority: int = 0) -> Job:
        """Queue a render; every request names its output.

        Raises:
            InvalidPathError: there is no such project, or an output's name is taken, also by
                another job that has not ended.
            SerializationError, ValidationError: the project cannot be read.
        """
        ...

    def get(self, job: int) -> Job:
        """A job.

        Raises:
            NotFoundError: there is none of that number.
        """
        ...

    def all(self, states: Collection[str] = ()) -> Sequence[Job]:
        """Jobs in these states (any, where none is named): in the order they run, then by number."""
        ...

    def pause(self, job: int) -> Job:
        """Take it out of the queue, or stop it: what is finished is kept in the cache.

        Raises:
            InvalidParameterError: it has ended.
        """
        ...

    def resume(self, job: int) -> Job:
        """Queue it again: a paused one, or one that failed or was cancelled.

        Raises:
            InvalidParameterError: it is done.
            InvalidPathError: another job writes the same output now.
        """
        ...

    def cancel(self, job: int) -> Job:
        """End it; nothing stands under the final name.

        Raises:
            InvalidParameterError: it is done, or has failed.
        """
        ...

    def prioritize(self, job: int, priority: int) -> Job:
        """Change when it is taken; one that runs goes on."""
        ...

    def clear(self, states: Collection[str] = ENDED) -> int:
        """Forget jobs that have ended; how many."""
        ...
