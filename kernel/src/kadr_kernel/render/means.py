"""What renders work with: one value for everything that a job is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from kadr_sdk.backend import Backend
from kadr_sdk.execution import Recipe
from kadr_sdk.project import Project
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.services import Cache, Catalogue, Scheduler, Tracer

from kadr_kernel.render.costs import Costs
from kadr_kernel.render.library import MediaLibrary
from kadr_kernel.render.planner import Planner

__all__ = ["Means"]


@dataclass(frozen=True, slots=True)
class Means:
    """What a render works with.

    Attributes:
        publish: takes an event, and the job's id as ``correlation``.
        hook: calls a hook by name with its arguments.
        setting: a value of the configuration by key.
        scratch: folder for the parts of running jobs.
        backend: the backend in use, loaded on first use.
        costs: what parts have cost on this machine.
        tracer: records how long what took.
        recipe: of this kernel, for other processes; takes whether the work is portable.
    """

    catalogue: Catalogue
    planner: Planner
    library: MediaLibrary
    scheduler: Scheduler
    cache: Cache
    publish: Callable[..., object]
    hook: Callable[..., object]
    setting: Callable[[str], object]
    scratch: Path
    backend: Callable[[], Backend]
    recipe: Callable[[bool], Recipe]
    costs: Costs
    tracer: Tracer

    def decided(self, request: RenderRequest, project: Project) -> RenderRequest:
        """The request with what it leaves to the project or, behind it, to the configuration."""
        if request.smart_copy:
            return request
        wanted = project.export.smart_copy or str(self.setting("render.smart_copy") or "off")
        return replace(request, smart_copy=wanted)
