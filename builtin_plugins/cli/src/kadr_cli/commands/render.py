"""``kadr render``: a project becomes a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kadr_sdk.plugin import Kernel

from kadr_cli.files import refuse_same
from kadr_cli.invoke import as_command
from kadr_cli.options import PATH, render_options, request_of
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
@click.argument("project", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, help="File to write; its ending says what.")
@render_options
@click.pass_obj
def render(kernel: Kernel, /, project: Path, output: Path, as_json: bool, **values: Any) -> int:
    """Render PROJECT (.tlp) to a file.

    The ending of the output chooses the container; .mkv without a preset is lossless, .png is
    a folder of pictures. Everything is checked before the first frame, and the result before
    it takes its name.
    """
    document = store_of(kernel).open(project)
    refuse_same(output, [project], "the output is the project itself")
    request = request_of(output, document.timeline.fps, values)
    return code_of(render_project(kernel, document, project.parent, request, as_json=as_json))


def render_project(
    kernel: Kernel, project: Project, base: Path, request: RenderRequest, *, as_json: bool
) -> RenderReport:
    """Render with progress and a summary on the terminal, or with events as JSON lines."""
    renderer = renderer_of(kernel)
    with watching(kernel.events, as_json=as_json):
        report = renderer.render(project, base, request)
    if as_json:
        print_json({"event": "Report"} | report.as_dict())
    else:
        print_report(report)
    return report


def code_of(report: RenderReport) -> int:
    """The exit code of a finished render: whether every effect made every frame."""
    return REPLACED if report.replaced else 0


run = as_command(render)
