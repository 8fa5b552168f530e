"""A ladder: the same edit in several renditions, in one folder that appears as a whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kadr_sdk.contributions import ExporterDescriptor, LadderExporter
from kadr_sdk.errors import NotFoundError, Problem
from kadr_sdk.output import Output
from kadr_sdk.project import Project
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.reports import RenderReport

from kadr_kernel.render.delivery import Exporters, deliver, fitted
from kadr_kernel.render.target import Target, tree_digest

__all__ = ["exported", "ladder_of", "render_ladder", "rungs"]

Made = Sequence[tuple[RenderReport, Output]]


def exported(project: Project, request: RenderRequest) -> tuple[Project, RenderRequest]:
    """The project as one that has the export that a request names, and the request without the name.

    Raises:
        NotFoundError: it has none of that id.
    """
    if not request.export:
        return project, request
    for found in project.exports:
        if found.id == request.export:
            return project.model_copy(update={"export": found}), replace(request, export="")
    raise NotFoundError("export", request.export, {e.id for e in project.exports}, path="exports")


def ladder_of(project: Project, request: RenderRequest, exporters: Exporters) -> ExporterDescriptor | None:
    """The exporter, where it delivers a ladder; None where not, or where that is not yet known."""
    problems: list[Problem] = []
    try:
        delivery = deliver(project, request, exporters, problems)
    except NotFoundError:
        return None
    return delivery.exporter if delivery is not None and delivery.exporter.renditions else None


def rungs(
    exporter: ExporterDescriptor, project: Project, request: RenderRequest
) -> list[tuple[str, RenderRequest]]:
    """Name and request of every rendition that is not larger than the film; at least the smallest.

    The project's own renditions take the place of the exporter's.
    """
    size = request.resolution or project.export.resolution or project.timeline.resolution
    found: dict[tuple[int, int], tuple[str, RenderRequest]] = {}
    renditions = _own(project) or exporter.renditions
    for row in renditions:
        own = fitted(size, (row["max_resolution"][0], row["max_resolution"][1]))
        if own == size and min(size) < min(row["max_resolution"]) and row is not renditions[-1]:
            continue  # the film is smaller: the next one down has its size
        found.setdefault(own, (str(row["name"]), _request(request, exporter.id, own, row)))
    return list(found.values())


def _own(project: Project) -> list[dict[str, Any]]:
    """The renditions that the project asks for, the largest first."""
    rows = sorted(project.export.renditions, key=lambda r: -r.max_resolution[0] * r.max_resolution[1])
    return [row.model_dump(exclude_none=True, exclude_unset=True, exclude={"extensions"}) for row in rows]


def _request(
    request: RenderRequest, container: str, size: tuple[int, int], row: Mapping[str, Any]
) -> RenderRequest:
    video = dict(row.get("video", {})) | dict(request.video)
    audio = dict(row.get("audio", {})) | dict(request.audio)
    return replace(request, container=container, resolution=size, video=video, audio=audio)


def render_ladder(
    request: RenderRequest,
    requests: Sequence[tuple[str, RenderRequest]],
    tied: LadderExporter,
    render: Callable[[Sequence[RenderRequest]], Made],
) -> RenderReport:
    """Render every rendition into a folder of its name, tie them together, and give all its name.

    Args:
        render: makes several outputs; gives their reports and what was planned for each.
    """
    assert request.output is not None
    began = time.monotonic()
    with Target(request.output, overwrite=request.overwrite, many=True) as target:
        own = [replace(one, output=target.temporary / name) for name, one in requests]
        made = render(own)
        names = [name for name, _ in requests]
        tied.tie(target.temporary, list(zip(names, (output for _, output in made), strict=True)))
        digest, size = tree_digest(target.temporary)
        target.finish()
    best = made[0][0]
    rows = [report for report, _ in made]
    return replace(
        best,
        output=str(target.path),
        bytes=size,
        digest=digest,
        seconds=round(time.monotonic() - began, 4),
        segments=sum(r.segments for r in rows),
        reused=sum(r.reused for r in rows),
        warnings=tuple(dict.fromkeys(w for r in rows for w in r.warnings)),
    )
