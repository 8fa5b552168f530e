"""``kadr make``: clips, photos and music become a film without a project file."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kadr_sdk.errors import InvalidParameterError, KadrError, NotFoundError
from kadr_sdk.files import refuse_same, write_new
from kadr_sdk.plugin import Kernel

from kadr_cli.commands.render import code_of, render_project
from kadr_cli.film import Piece, Style, film
from kadr_cli.invoke import as_command
from kadr_cli.options import PATH, RATE, Number, render_options, request_of
from kadr_cli.output import print_error
from kadr_cli.services import renderer_of

if TYPE_CHECKING:
    from kadr_sdk.rendering import Renderer

__all__ = ["run"]


@click.command()
@click.argument("inputs", nargs=-1, required=True, type=PATH)
@click.option("-o", "--output", type=PATH, required=True, help="File to write; its ending says what.")
@click.option("--transition", metavar="NAME", help="Between pictures, e.g. dissolve; see: kadr transitions.")
@click.option(
    "--transition-seconds",
    type=Number(0.04, 60),
    metavar="SECONDS",
    default=1.0,
    show_default=True,
    help="Its length.",
)
@click.option(
    "--photo-seconds",
    type=Number(0.1, 3600),
    metavar="SECONDS",
    default=4.0,
    show_default=True,
    help="How long a photo stands.",
)
@click.option(
    "--source-fps", type=RATE, metavar="FPS", help="Of numbered pictures (frames_%04d.png); else the film's."
)
@click.option(
    "--music-volume",
    type=Number(0, 4),
    metavar="FACTOR",
    default=0.6,
    show_default=True,
    help="Of the music below pictures; 1 leaves it as it is.",
)
@click.option(
    "--fit",
    type=click.Choice(["contain", "cover", "stretch"]),
    default="contain",
    show_default=True,
    help="A picture of another shape: whole with bars, filling and cut, or distorted.",
)
@click.option("--save-project", type=PATH, metavar="FILE", help="Keep the project (.tlp) as well.")
@render_options
@click.pass_obj
def make(
    kernel: Kernel,
    /,
    inputs: tuple[Path, ...],
    output: Path,
    save_project: Path | None,
    as_json: bool,
    **values: Any,
) -> int:
    """Join INPUTS (clips, photos, sound) in their order into a film.

    Clips and photos follow each other; files with sound alone play below them as music.
    Size and frame rate are those of the first clip unless given, with --smart-copy also BT.601
    where it is its colour. frames_%04d.png stands for all pictures of that name.
    """
    style = _style(kernel, values)
    pieces = _pieces(renderer_of(kernel), inputs, as_json=as_json)
    copied = (values["smart_copy"] or kernel.config.get("render.smart_copy")) in ("auto", "require")
    project = film(pieces, style, values["size"], values["fps"], copied=copied)
    request = request_of(output, project.timeline.fps, values)
    if save_project is not None:
        _save(save_project, project, [*inputs, output], overwrite=values["overwrite"])
    return code_of(render_project(kernel, project, Path.cwd(), request, as_json=as_json))


def _style(kernel: Kernel, values: dict[str, Any]) -> Style:
    transition = values["transition"]
    if transition is not None:
        try:
            transition = kernel.catalogue.find("transition", transition).id
        except NotFoundError as error:
            raise InvalidParameterError(error.message, path="--transition", hint=error.hint) from None
    return Style(
        transition,
        Fraction(repr(values["transition_seconds"])),
        Fraction(repr(values["photo_seconds"])),
        values["music_volume"],
        values["fit"],
        values["source_fps"],
    )


def _pieces(renderer: Renderer, paths: Sequence[Path], *, as_json: bool) -> list[Piece]:
    """Every input with its exact length; of several unreadable ones each is told."""
    known: dict[Path, Piece] = {}
    errors: list[KadrError] = []
    for path in dict.fromkeys(paths):
        try:
            known[path] = _piece(renderer, path)
        except KadrError as error:
            errors.append(error)
    for earlier in errors[:-1]:
        print_error(earlier, as_json=as_json)
    if errors:
        raise errors[-1]
    return [known[path] for path in paths]


def _piece(renderer: Renderer, path: Path) -> Piece:
    info = renderer.probe(path)
    video = info.main_video
    if video is None or video.still:
        return Piece(path, info)
    # What a container says of its length is often not what it holds.
    index = renderer.backend().index(path.absolute(), video.index)
    starts = [s.start for s in info.video if not s.attached] + [s.start for s in info.audio]
    return Piece(path, info, index.end * index.time_base - max(Fraction(0), min(starts)))


def _save(path: Path, project: Any, others: Sequence[Path], *, overwrite: bool) -> None:
    from kadr_sdk.project import dump_project

    refuse_same(path, others, "the project and another file of this command have one name")
    write_new(path, dump_project(project).encode(), overwrite=overwrite)


run = as_command(make)
