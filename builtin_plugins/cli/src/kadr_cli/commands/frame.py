"""``kadr frame``: one frame of a project as a picture."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import click
from kadr_sdk.errors import InvalidPathError
from kadr_sdk.files import check_new, refuse_same, write_new
from kadr_sdk.plugin import Kernel
from kadr_sdk.times import format_seconds

from kadr_cli.invoke import as_command
from kadr_cli.options import PATH, TIME, Number, json_option, seconds_of
from kadr_cli.output import clean, print_json
from kadr_cli.services import renderer_of, store_of

__all__ = ["run"]

_KINDS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}


@click.command()
@click.argument("project", type=PATH)
@click.option("--at", type=TIME, required=True, help="Time on the timeline: 2.5, 1:30, or 00:00:02:12.")
@click.option("-o", "--output", type=PATH, required=True, help="A .png or .jpg file.")
@click.option(
    "--scale",
    type=Number(0.01, 4),
    metavar="FACTOR",
    default=1.0,
    show_default=True,
    help="Size, as a factor of the project's.",
)
@click.option("--overwrite", "-y", is_flag=True, help="Replace an existing picture.")
@json_option
@click.pass_obj
def frame(
    kernel: Kernel,
    project: Path,
    at: Fraction | str,
    output: Path,
    scale: float,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Save the frame of PROJECT at a time as a picture."""
    kind = _KINDS.get(output.suffix.lower())
    if kind is None:
        raise InvalidPathError("not the name of a picture", path=output, hint="end it in .png or .jpg")
    document, renderer = store_of(kernel).open(project), renderer_of(kernel)
    check_new(output, overwrite=overwrite)
    clips = (c for t in document.timeline.tracks for c in t.clips if c.source_file)
    sources = [project.parent / str(c.source_file) for c in clips]
    refuse_same(output, [project, *sources], "the picture is one of the inputs")
    seconds = seconds_of(at, document.timeline.fps, "--at")
    picture = renderer.frame(document, project.parent, seconds, scale)
    write_new(output, renderer.backend().image(picture, kind), overwrite=overwrite)
    if as_json:
        size = {"width": picture.width, "height": picture.height}
        print_json({"event": "Frame", "output": str(output), "at": format_seconds(seconds)} | size)
    else:
        click.echo(f"{clean(output)}  {picture.width}x{picture.height}")


run = as_command(frame)
