"""Where segments are made: tasks as plain data, executors and what they work with.

A segment is data with a content hash, so it may be made in this process, in another one or on
another machine: same hash, same bytes. What is common to all - order, cache, budget, report -
the kernel does; an :class:`Executor` only carries a task to where it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Protocol

from kadr_sdk.backend import RenderContext
from kadr_sdk.effects import FilterSpec
from kadr_sdk.errors import Problem
from kadr_sdk.output import Output
from kadr_sdk.params import FilePath
from kadr_sdk.plan import Call, Conform, Decode, Native, Place, Segment, Source, Span

__all__ = ["Crew", "Executor", "House", "Media", "PartDone", "PartTask", "Recipe", "Team", "relocated"]


@dataclass(frozen=True, slots=True)
class Media:
    """A file that a task reads.

    Attributes:
        digest: sha256 (hex) of its content.
    """

    path: str
    digest: str


@dataclass(frozen=True, slots=True)
class PartTask:
    """One segment to be made; picklable.

    Attributes:
        job: id of the render.
        outputs: what it is encoded for, from one decoding; the first is the render's own.
        paths: where the part of each output must stand in the end, in a folder of the job.
        media: what it reads.
        memory: bytes that making it may need.
        cost: an estimate of the work, in no unit; only ratios count.
        on_failure: what is shown where a guest fails.
    """

    job: str
    segment: Segment
    outputs: tuple[Output, ...]
    paths: tuple[Path, ...]
    media: tuple[Media, ...] = ()
    memory: int = 0
    cost: float = 0.0
    on_failure: str = "fail"


@dataclass(frozen=True, slots=True)
class PartDone:
    """Finished parts.

    Attributes:
        digests: of the part of each output.
        warnings: what was warned of while it was made.
    """

    digests: tuple[str, ...]
    warnings: tuple[Problem, ...] = ()


class House(Protocol):
    """A kernel at work on tasks, somewhere."""

    def run(self, task: PartTask, advance: Callable[[int], None]) -> PartDone:
        """Make the parts at ``task.paths``.

        Args:
            advance: called with numbers of frames, at least once a frame (0: only still alive);
                what it raises ends the work.
        """
        ...

    def close(self) -> None:
        """Stop the kernel."""
        ...


class Recipe(Protocol):
    """How to have the same kernel elsewhere; picklable.

    Attributes:
        versions: of everything that bytes depend on; equal on both sides, or nothing is made.
    """

    @property
    def versions(self) -> Mapping[str, str]:
        """Names and versions."""
        ...

    def open(self) -> House:
        """A started kernel in the process that this is called in.

        Raises:
            DependencyMissingError: what is installed here differs from ``versions``; names all.
        """
        ...


@dataclass(frozen=True, slots=True)
class Crew:
    """What an executor works with in one render.

    Attributes:
        workers: how many tasks at once the user or the machine wants.
        recipe: gives what is needed for kernels in other processes.
        here: makes a part in this process, in the calling thread.
        reserve: waits until the memory budget of this machine has room for a task.
        address: of a scheduler, from ``--address`` or ``render.address``; "": none.
    """

    workers: int
    recipe: Callable[[], Recipe]
    here: Callable[[PartTask, RenderContext], PartDone]
    reserve: Callable[[PartTask], AbstractContextManager[object]]
    address: str = ""


class Team(Protocol):
    """An executor at work for one render. ``run`` is called from several threads."""

    @property
    def slots(self) -> int:
        """How many calls of ``run`` are of use at once."""
        ...

    def run(self, task: PartTask, context: RenderContext) -> PartDone:
        """Have the parts made at ``task.paths``; ``context`` is told of the progress.

        Calls ``context.check()`` several times a second, and ends the work where that raises.

        Raises:
            CancelledError: from the context.
            RenderError: the part cannot be made.
        """
        ...

    def close(self) -> None:
        """End what still runs."""
        ...


class Executor(Protocol):
    """A contribution of kind ``executor``."""

    def open(self, crew: Crew) -> Team:
        """Get ready for one render.

        Raises:
            DependencyMissingError: workers differ from this process; says in what.
            TimeoutExceededError: a scheduler does not answer.
        """
        ...


def relocated(segment: Segment, places: Mapping[str, str]) -> Segment:
    """The same segment, reading files from other places.

    Args:
        places: new paths by old ones; files that are not among them stay.
    """
    moved: Segment = _moved(segment, places)
    return moved


def _moved(value: Any, places: Mapping[str, str]) -> Any:
    if isinstance(value, FilePath):
        return FilePath(places.get(value, value))
    if isinstance(value, Source):
        return replace(value, path=places.get(value.path, value.path))
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(_moved(item, places) for item in value)
    if isinstance(value, Segment | Span | Decode | Conform | Native | Call | Place | FilterSpec):
        return replace(value, **{f.name: _moved(getattr(value, f.name), places) for f in fields(value)})
    return value
