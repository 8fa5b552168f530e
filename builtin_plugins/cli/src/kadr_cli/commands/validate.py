"""``kadr validate``: everything that a render would refuse, without rendering."""

from __future__ import annotations

from pathlib import Path

import click
from kadr_sdk.plugin import Kernel

from kadr_cli.invoke import as_command
from kadr_cli.options import PATH, json_option
from kadr_cli.output import clean, plural, print_json
from kadr_cli.services import renderer_of, store_of

__all__ = ["run"]


@click.command()
@click.argument("project", type=PATH)
@json_option
@click.pass_obj
def validate(kernel: Kernel, project: Path, as_json: bool) -> None:
    """Check PROJECT, its media, effects and export settings.

    Exit code 0 where a render would begin; otherwise every problem with its place and remedy.
    """
    from kadr_sdk.rendering import RenderRequest  # late: it needs pydantic and numpy

    document = store_of(kernel).open(project)
    plan = renderer_of(kernel).plan(document, project.parent, RenderRequest())
    for export in document.exports:
        path = project.parent / export.output
        renderer_of(kernel).plan(document, project.parent, RenderRequest(output=path, export=export.id))
    if as_json:
        rows = [w.as_dict() for w in plan.warnings]
        print_json({"event": "Valid", "frames": plan.frames, "warnings": rows})
        return
    tracks = len(document.timeline.tracks)
    clips = sum(len(t.clips) for t in document.timeline.tracks)
    counts = [plural(tracks, "track"), plural(clips, "clip"), plural(plan.frames, "frame")]
    click.echo(f"valid: {', '.join(counts)}, {float(plan.seconds):.3f} s")
    for warning in plan.warnings:
        click.echo(f"warning: {clean(warning)}")


run = as_command(validate)
