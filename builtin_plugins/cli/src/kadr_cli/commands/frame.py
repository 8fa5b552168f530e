"""``kadr frame``: one frame of a project as a picture."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import click
from kadr_sdk.errors import InvalidPathError
from kadr_sdk.plugin import Kernel
from kadr_sdk.rendering import ProjectStore, Renderer
from kadr_sdk.times import parse_time

from kadr_cli.files import write_new
from kadr_cli.invoke import as_command
from kadr_cli.options import TIME

__all__ = ["run"]

_KINDS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}


@click.command()
@click.argument("project", type=click.Path(path_type=Path))
@click.option("--at", type=TIME, required=True, help="Time on the timeline: seconds or a timecode.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="A .png or .jpg file.")
@click.option("--scale", type=click.FloatRange(0.01, 4), default=1.0, help="Of the project's resolution.")
@click.option("--overwrite", "-y", is_flag=True, help="Replace an existing picture.")
@click.pass_obj
def frame(
    kernel: Kernel, project: Path, at: Fraction | str, output: Path, scale: float, overwrite: bool
) -> None:
    """Save the frame of PROJECT at a time as a picture."""
    kind = _KINDS.get(output.suffix.lower())
    if kind is None:
        raise InvalidPathError("not a picture's name", path=output, hint="end it in .png or .jpg")
    document = kernel.container.get(ProjectStore).open(project)
    renderer = kernel.container.get(Renderer)
    try:
        seconds = parse_time(at, document.timeline.fps)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--at") from error
    picture = renderer.frame(document, project.parent, seconds, scale)
    write_new(output, renderer.backend().image(picture, kind), overwrite=overwrite)
    click.echo(f"{output}  {picture.width}x{picture.height}")


run = as_command(frame)
