"""``kadr render``: a project becomes a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from kadr_sdk.plugin import Kernel
from kadr_sdk.project import Project
from kadr_sdk.rendering import ProjectStore, Renderer, RenderRequest
from kadr_sdk.reports import RenderReport

from kadr_cli.invoke import as_command
from kadr_cli.options import render_options, request_of
from kadr_cli.summary import print_report
from kadr_cli.watch import watching

__all__ = ["render_project", "run"]


@click.command()
@click.argument("project", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write.")
@render_options
@click.pass_obj
def render(kernel: Kernel, /, project: Path, output: Path, as_json: bool, **values: Any) -> None:
    """Render PROJECT (.tlp) to a file.

    The extension of the output chooses the container; .mkv without a preset is lossless.
    Everything is checked before the first frame, and the result before it takes its name.
    """
    document = kernel.container.get(ProjectStore).open(project)
    request = request_of(output, document.timeline.fps, values)
    report = render_project(kernel, document, project.parent, request, as_json=as_json)
    if not as_json:
        print_report(report)


def render_project(
    kernel: Kernel, project: Project, base: Path, request: RenderRequest, *, as_json: bool
) -> RenderReport:
    """Render with progress on the terminal, or events as JSON lines."""
    renderer = kernel.container.get(Renderer)
    with watching(kernel.events, as_json=as_json):
        report = renderer.render(project, base, request)
    if as_json:
        from kadr_cli.output import print_json

        print_json({"event": "Report"} | report.as_dict())
    return report


run = as_command(render)
