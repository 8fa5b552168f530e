"""``kadr import``: a timeline of another program becomes a project."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click
from kadr_sdk.errors import Problem, UnsupportedFormatError, ValidationError
from kadr_sdk.files import check_new, refuse_same, write_new
from kadr_sdk.plugin import Kernel

from kadr_cli.invoke import as_command
from kadr_cli.options import PATH, RATE, SIZE, json_option
from kadr_cli.output import clean, plural, print_json
from kadr_cli.services import renderer_of

if TYPE_CHECKING:
    from fractions import Fraction

    from kadr_sdk.importing import ImportNote

    from kadr_cli.imported import Fitted

__all__ = ["run"]


@click.command("import")
@click.argument("file", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, help="The project to write (.tlp).")
@click.option("--with", "importer", metavar="ID", help="Instead of by the ending; see: kadr importers.")
@click.option("--media", type=PATH, metavar="FOLDER", help="Where media is looked for by its name.")
@click.option("--fps", type=RATE, metavar="FPS", help="Of the timeline, where FILE does not say.")
@click.option("--size", type=SIZE, metavar="WxH", help="Of the timeline; else of the first pictures.")
@click.option("--strict", is_flag=True, help="Write nothing where something is lost.")
@click.option("--overwrite", "-y", is_flag=True, help="Replace an existing project.")
@json_option
@click.pass_obj
def import_(
    kernel: Kernel,
    file: Path,
    output: Path,
    importer: str | None,
    media: Path | None,
    fps: Fraction | None,
    size: tuple[int, int] | None,
    strict: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Read FILE of another program (.otio, .edl, …) and write it as a project.

    What did not come through, came through otherwise, or had to be assumed is told, and kept in the
    project under extensions.import.
    """
    from kadr_sdk.importing import ImportOptions  # late: it needs pydantic and numpy

    from kadr_cli.imported import fit

    check_new(output, overwrite=overwrite)
    refuse_same(output, [file], "the project and the imported file have one name")
    if media is not None and not media.is_dir():
        raise click.BadParameter(f"{media} is not a folder", param_hint="--media")
    name = importer or _by_ending(kernel, file)
    found = kernel.catalogue.load("importer", name).load(file, ImportOptions(fps))
    fitted = fit(found, file, output, media=media, size=size, probe=renderer_of(kernel).probe)
    lost = [note for note in fitted.notes if note.kind == "lost"]
    if strict and lost:
        problems = [Problem(clean(note.where), clean(note.message)) for note in lost]
        raise ValidationError("not everything would come through", problems, path=file)
    _write(fitted, output, file, name, overwrite=overwrite)
    _tell(fitted, dict(found.kept), output, name, as_json=as_json)


def _by_ending(kernel: Kernel, file: Path) -> str:
    """The importer of the file's ending, the preferred one of several.

    Raises:
        UnsupportedFormatError: there is none; names the endings that are known.
    """
    known: set[str] = set()
    for row in kernel.catalogue.all("importer"):
        endings = kernel.catalogue.describe("importer", row.id).get("extensions", ())
        if file.suffix.lower() in endings:
            return row.id
        known.update(endings)
    hint = f"known: {', '.join(sorted(known))}; or say which: --with ID" if known else "see: kadr plugin list"
    ending = f"the ending {file.suffix!r}" if file.suffix else "a name without an ending"
    raise UnsupportedFormatError(f"no importer reads {ending}", path=file, hint=hint)


def _write(fitted: Fitted, output: Path, file: Path, name: str, *, overwrite: bool) -> None:
    from kadr_sdk.project import dump_project

    notes = [note.as_dict() for note in fitted.notes]
    kept = {"from": file.name, "importer": name, "notes": notes}
    project = fitted.project
    project = project.model_copy(update={"extensions": project.extensions | {"import": kept}})
    write_new(output, dump_project(project).encode(), overwrite=overwrite)


def _tell(fitted: Fitted, kept: dict[str, int], output: Path, name: str, *, as_json: bool) -> None:
    counts = Counter(note.kind for note in fitted.notes)
    if as_json:
        notes = [note.as_dict() for note in fitted.notes]
        row = {"event": "Imported", "output": str(output), "importer": name, "kept": kept}
        print_json(row | {"missing": fitted.missing, "notes": notes})
        return
    timeline = fitted.project.timeline
    click.echo(
        f"{clean(output)}: {plural(len(timeline.tracks), 'track')}, "
        f"{timeline.resolution[0]}x{timeline.resolution[1]}, {float(timeline.fps):g} fps"
    )
    whole = ", ".join(plural(count, word.removesuffix("s")) for word, count in kept.items() if count)
    if whole:
        click.echo(f"kept: {clean(whole)}")
    for note in fitted.notes:
        click.echo(_line(note))
    for text in fitted.missing:
        click.echo(f"missing  {clean(text)}: say where media lies with --media, or put it there")
    if not counts["lost"] + counts["changed"]:
        click.echo("nothing was lost or changed")


def _line(note: ImportNote) -> str:
    place = f"{clean(note.where)}: " if note.where else ""
    return f"{note.kind:8} {place}{clean(note.message)}"


run = as_command(import_)
