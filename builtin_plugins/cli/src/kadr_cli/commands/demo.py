"""``kadr demo``: clips of our own, then cuts, a crossfade, a grade, a blur, a picture in a picture."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

import click
from kadr_sdk.plugin import Kernel
from kadr_sdk.project import dump_project
from kadr_sdk.rendering import Renderer, RenderRequest

from kadr_cli.commands.render import render_project
from kadr_cli.demo import project, sheet, sources
from kadr_cli.files import write_new
from kadr_cli.invoke import as_command
from kadr_cli.options import json_option
from kadr_cli.output import clean
from kadr_cli.summary import print_report

__all__ = ["run"]


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("demo.mp4"), show_default=True)
@click.option("--keep", type=click.Path(path_type=Path), help="Keep clips and project in this folder.")
@click.option("--workers", type=click.IntRange(0), default=0, help="Segments at once; 0: automatic.")
@json_option
@click.pass_obj
def demo(kernel: Kernel, output: Path, keep: Path | None, workers: int, as_json: bool) -> None:
    """Make clips, cut, crossfade, grade, blur and mix them into a film.

    Also writes a contact sheet beside it, made from the finished film.
    """
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        _film(kernel, keep, output, workers, as_json=as_json)
        return
    with tempfile.TemporaryDirectory(prefix="kadr-demo-") as folder:
        _film(kernel, Path(folder), output, workers, as_json=as_json)


def _film(kernel: Kernel, folder: Path, output: Path, workers: int, *, as_json: bool) -> None:
    renderer = kernel.container.get(Renderer)
    if not as_json:
        click.echo("making three clips and a tune …")
    sources.write_all(renderer.backend(), folder)
    document = project.demo_project()
    write_new(folder / "demo.tlp", dump_project(document).encode(), overwrite=True)
    request = RenderRequest(output=output, workers=workers, overwrite=True)
    report = render_project(kernel, document, folder, request, as_json=as_json)
    picture = output.with_suffix(".png")
    times = [Fraction(report.frames * (20 * k + 19), 20 * sheet.CELLS) / 25 for k in range(sheet.CELLS)]
    write_new(picture, sheet.contact_sheet(renderer, output.absolute(), times), overwrite=True)
    if as_json:
        return
    print_report(report)
    click.secho(clean(str(picture.absolute())), bold=True)
    click.echo(f"  {sheet.CELLS} frames of the finished film\n")
    for line in project.STORY:
        click.echo(f"  {line}")
    click.echo("\ntry next:")
    click.echo("  kadr make clip1.mp4 clip2.mov photo.jpg song.mp3 -o film.mp4 --transition dissolve")
    click.echo("  kadr demo --keep demo && kadr plan demo/demo.tlp")
    click.echo("  kadr effects blur")


run = as_command(demo)
