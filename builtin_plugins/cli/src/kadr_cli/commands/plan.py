"""``kadr plan``: what a render would do, why, and what changed."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kadr_sdk.errors import SerializationError
from kadr_sdk.plugin import Kernel

from kadr_cli.invoke import as_command
from kadr_cli.options import PATH, export_option, render_options, request_of
from kadr_cli.output import print_json
from kadr_cli.plan_diff import compare
from kadr_cli.plan_document import SAVE, document_of, part_of, read_document
from kadr_cli.plan_view import show_difference, show_part, show_plan
from kadr_cli.services import renderer_of, store_of

if TYPE_CHECKING:
    from kadr_sdk.forecast import Forecast
    from kadr_sdk.plan import RenderPlan

__all__ = ["run"]


@click.command()
@click.argument("project", type=PATH)
@click.option("-o", "--output", type=PATH, help="Plan for this file.")
@click.option("--why", metavar="SEGMENT", help="What its hash depends on: a number, a hash, or sound.")
@click.option(
    "--diff",
    "other",
    type=PATH,
    metavar="OTHER",
    help="What changed since another project, or a plan saved with --json.",
)
@export_option
@render_options
@click.pass_obj
def plan(
    kernel: Kernel,
    /,
    project: Path,
    output: Path | None,
    why: str | None,
    other: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Show what a render of PROJECT would do, without rendering: spans, segments, formats,
    hashes, what is cached or copied, and about how long the rest takes.
    """
    if why is not None and other is not None:
        raise click.UsageError("give --why or --diff, not both")
    made, ahead = _plan(kernel, project, output, values)
    document = document_of(made, renderer_of(kernel).explain(made), ahead)
    if why is not None:
        part = part_of(document, why)
        print_json(part) if as_json else show_part(part)
    elif other is not None:
        found = _difference(kernel, other, output, values, document)
        rate = made.output.video.rate if made.output.video else Fraction(1)
        print_json(found) if as_json else show_difference(found, rate)
    elif as_json:
        print_json(document)
    else:
        show_plan(made, ahead)


def _plan(
    kernel: Kernel, project: Path, output: Path | None, values: dict[str, Any]
) -> tuple[RenderPlan, Forecast]:
    document = store_of(kernel).open(project)
    request = request_of(output, document.timeline.fps, values)
    renderer = renderer_of(kernel)
    made = renderer.plan(document, project.parent, request)
    return made, renderer.forecast(made, request)


def _difference(
    kernel: Kernel, path: Path, output: Path | None, values: dict[str, Any], document: dict[str, Any]
) -> dict[str, Any]:
    """What changed since the other plan: a saved one, or that of a project."""
    if not _saved(path):
        made, ahead = _plan(kernel, path, output, values)
        return compare(document_of(made, renderer_of(kernel).explain(made), ahead), document)
    saved = read_document(path)
    try:
        return compare(saved, document)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise SerializationError(
            "is no plan of this kadr, or was changed by hand", path=path, hint=SAVE
        ) from error


def _saved(path: Path) -> bool:
    """Whether that is a saved plan: a document with segments, which no project has."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return False  # the store of projects says what is wrong with it
    return isinstance(data, dict) and "segments" in data


run = as_command(plan)
