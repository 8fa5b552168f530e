"""``kadr validate``: everything that a render would refuse, without rendering."""

from __future__ import annotations

from pathlib import Path

import click
from kadr_sdk.plugin import Kernel
from kadr_sdk.rendering import ProjectStore, Renderer, RenderRequest

from kadr_cli.invoke import as_command
from kadr_cli.options import json_option
from kadr_cli.output import clean, print_json

__all__ = ["run"]


@click.command()
@click.argument("project", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def validate(kernel: Kernel, project: Path, as_json: bool) -> None:
    """Check PROJECT, its media, effects and export settings.

    Exit code 0 where a render would begin; otherwise every problem with its place and remedy.
    """
    document = kernel.container.get(ProjectStore).open(project)
    renderer = kernel.container.get(Renderer)
    plan = renderer.plan(document, project.parent, RenderRequest())
    if as_json:
        rows = [w.as_dict() for w in plan.warnings]
        print_json({"event": "Valid", "frames": plan.frames, "warnings": rows})
        return
    tracks = len(document.timeline.tracks)
    clips = sum(len(t.clips) for t in document.timeline.tracks)
    click.echo(f"valid: {tracks} tracks, {clips} clips, {plan.frames} frames, {float(plan.seconds):.3f} s")
    for warning in plan.warnings:
        click.echo(f"warning: {clean(str(warning))}")


run = as_command(validate)
