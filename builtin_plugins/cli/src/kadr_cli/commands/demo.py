"""``kadr demo``: clips of our own, then cuts, a crossfade, a grade, a blur, a picture in a picture."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click
from kadr_sdk.files import check_new, write_new
from kadr_sdk.plugin import Kernel

from kadr_cli.commands.render import render_project
from kadr_cli.invoke import as_command
from kadr_cli.options import PATH, json_option
from kadr_cli.output import clean, print_json
from kadr_cli.services import renderer_of

if TYPE_CHECKING:
    from kadr_sdk.rendering import Renderer

__all__ = ["run"]

_FILMS = (".mp4", ".m4v", ".mov", ".mkv", ".webm")


@click.command()
@click.option("-o", "--output", type=PATH, default=Path("demo.mp4"), show_default=True, help="The film.")
@click.option("--keep", type=PATH, metavar="FOLDER", help="Keep clips and project in this folder.")
@click.option(
    "--workers",
    type=click.IntRange(0, 1024),
    metavar="COUNT",
    default=0,
    help="Segments at once; 0: as the machine allows.",
)
@click.option("--overwrite", "-y", is_flag=True, help="Replace an existing film and contact sheet.")
@json_option
@click.pass_obj
def demo(
    kernel: Kernel, output: Path, keep: Path | None, workers: int, overwrite: bool, as_json: bool
) -> None:
    """Make clips, cut, crossfade, grade, blur and mix them into a film.

    Also writes a contact sheet beside it, made from the finished film.
    """
    if output.suffix.lower() not in _FILMS:
        endings = ", ".join(_FILMS)
        raise click.BadParameter(
            f"{output} is not the name of a film; end it in {endings}", param_hint="--output"
        )
    check_new(output, overwrite=overwrite)
    check_new(output.with_suffix(".png"), overwrite=overwrite)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        _film(kernel, keep, output, workers, as_json=as_json)
        return
    with tempfile.TemporaryDirectory(prefix="kadr-demo-") as folder:
        _film(kernel, Path(folder), output, workers, as_json=as_json)


def _film(kernel: Kernel, folder: Path, output: Path, workers: int, *, as_json: bool) -> None:
    from kadr_sdk.project import dump_project
    from kadr_sdk.rendering import RenderRequest

    from kadr_cli.demo import project, sources

    renderer = renderer_of(kernel)
    if not as_json:
        click.echo("making three clips and a tune …", err=True)
    sources.write_all(renderer.backend(), folder)
    document = project.demo_project()
    write_new(folder / "demo.tlp", dump_project(document).encode(), overwrite=True)
    request = RenderRequest(output=output, workers=workers, overwrite=True)
    report = render_project(kernel, document, folder, request, as_json=as_json)
    picture = output.with_suffix(".png").absolute()
    _sheet(renderer, output.absolute(), picture, report.frames)
    if as_json:
        print_json({"event": "ContactSheet", "output": str(picture)})
    else:
        _tell(picture, project.STORY)


def _sheet(renderer: Renderer, film: Path, picture: Path, frames: int) -> None:
    from kadr_cli.demo import sheet

    times = [Fraction(frames * (20 * k + 19), 20 * sheet.CELLS) / 25 for k in range(sheet.CELLS)]
    write_new(picture, sheet.contact_sheet(renderer, film, times), overwrite=True)


def _tell(picture: Path, story: tuple[str, ...]) -> None:
    click.secho(clean(picture), bold=True)
    click.echo("  a contact sheet: frames of the finished film, in order\n")
    for line in story:
        click.echo(f"  {line}")
    click.echo("\ntry next:")
    click.echo("  kadr make clip1.mp4 clip2.mov photo.jpg song.mp3 -o film.mp4 --transition dissolve")
    click.echo("  kadr demo --keep demo -o demo/film.mp4    then:  kadr plan demo/demo.tlp")
    click.echo("  kadr effects blur")


run = as_command(demo)
