"""``kadr render``: a project becomes a file."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kadr_sdk.errors import NotFoundError
from kadr_sdk.files import refuse_same
from kadr_sdk.plugin import Kernel

from kadr_cli.invoke import as_command
from kadr_cli.later import submit
from kadr_cli.options import PATH, export_option, render_options, request_of
from kadr_cli.output import print_json
from kadr_cli.services import renderer_of, store_of
from kadr_cli.summary import print_report
from kadr_cli.watch import watching

if TYPE_CHECKING:
    from kadr_sdk.project import Project
    from kadr_sdk.rendering import RenderRequest
    from kadr_sdk.reports import RenderReport

__all__ = ["REPLACED", "code_of", "render_project", "run"]

REPLACED = 8
"""Exit code: the film stands, and an effect failed in it that the user wanted skipped or held."""


@click.command()
@click.argument("project", type=PATH, required=False)
@click.option(
    "-o",
    "--output",
    "outputs",
    type=PATH,
    multiple=True,
    help="File to write; its ending says what. May be given several times. Without: the project's exports.",
)
@export_option
@render_options
@click.option("--queue", is_flag=True, help="Not now: a job for the runner; see: kadr jobs.")
@click.option("--priority", type=int, metavar="NUMBER", help="With --queue: the higher goes first.")
@click.option("--manifest", is_flag=True, help="Beside each output: inputs, plan, versions, hashes.")
@click.option("--replay", type=PATH, metavar="MANIFEST", help="Instead of PROJECT: the same bytes again.")
@click.pass_obj
def render(
    kernel: Kernel,
    /,
    project: Path | None,
    outputs: tuple[Path, ...],
    queue: bool,
    priority: int | None,
    manifest: bool,
    replay: Path | None,
    as_json: bool,
    **values: Any,
) -> int:
    """Render PROJECT (.tlp) to a file, or to all that its exports say.

    The ending of the output chooses the container; .mkv without a preset is lossless, .png is
    a folder of pictures. Everything is checked before the first frame, and the result before
    it takes its name. With several outputs what they share is decoded and composed once.
    """
    if priority is not None and not queue:
        raise click.UsageError("--priority is for jobs in the queue: add --queue")
    if replay is not None:
        if project is not None or queue or len(outputs) != 1:
            raise click.UsageError("--replay takes one output, and no PROJECT and no --queue")
        return code_of(_replayed(kernel, replay, outputs[0], manifest, values, as_json=as_json))
    if project is None:
        raise click.UsageError("Missing argument 'PROJECT'.")
    document = store_of(kernel).open(project)
    requests = [
        replace(request_of(output, document.timeline.fps, values), manifest=manifest, export=export)
        for output, export in _targets(document, project.parent, outputs, values["export"])
    ]
    for request in requests:
        assert request.output is not None
        refuse_same(request.output, [project], "the output is the project itself")
    if queue:
        return submit(kernel, project, requests, priority or 0, as_json=as_json)
    if len(requests) == 1:
        return code_of(render_project(kernel, document, project.parent, requests[0], as_json=as_json))
    with watching(kernel.events, as_json=as_json):
        reports = renderer_of(kernel).render_all(document, project.parent, requests)
    for report in reports:
        _tell(report, as_json=as_json)
    return max(code_of(report) for report in reports)


def _targets(
    document: Project, folder: Path, outputs: tuple[Path, ...], export: str | None
) -> list[tuple[Path, str]]:
    """What to write, and by which of the project's exports; by none: as ``export`` says."""
    if outputs:
        return [(output, export or "") for output in outputs]
    rows = [e for e in document.exports if export in (None, e.id)]
    if not rows and export is not None:
        raise NotFoundError("export", export, {e.id for e in document.exports}, path="exports")
    if not rows:
        raise click.UsageError("Missing option '-o' / '--output': the project lists no exports.")
    return [(folder / row.output, row.id) for row in rows]


def _replayed(
    kernel: Kernel, replay: Path, output: Path, manifest: bool, values: dict[str, Any], *, as_json: bool
) -> RenderReport:
    """Render what a manifest says; what the bytes depend on is not asked for a second time."""
    own = ("preset", "container", "span", "size", "fps", "codec", "crf", "bitrate", "pixel_format")
    for name in (*own, "audio_codec", "smart_copy", "export"):
        if values[name]:
            option = {"span": "range"}.get(name, name.replace("_", "-"))
            raise click.UsageError(f"--{option} is what the manifest says: leave it out")
    refuse_same(output, [replay], "the output is the manifest itself")
    request = replace(request_of(output, Fraction(25), values), manifest=manifest)
    with watching(kernel.events, as_json=as_json):
        report = renderer_of(kernel).replay(replay, request)
    _tell(report, as_json=as_json)
    return report


def render_project(
    kernel: Kernel, project: Project, base: Path, request: RenderRequest, *, as_json: bool
) -> RenderReport:
    """Render with progress and a summary on the terminal, or with events as JSON lines."""
    renderer = renderer_of(kernel)
    with watching(kernel.events, as_json=as_json):
        report = renderer.render(project, base, request)
    _tell(report, as_json=as_json)
    return report


def _tell(report: RenderReport, *, as_json: bool) -> None:
    if as_json:
        print_json({"event": "Report"} | report.as_dict())
    else:
        print_report(report)


def code_of(report: RenderReport) -> int:
    """The exit code of a finished render: whether every effect made every frame."""
    return REPLACED if report.replaced else 0


run = as_command(render)
