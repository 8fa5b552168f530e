"""``kadr plugin new``."""

from __future__ import annotations

from pathlib import Path

import click
from kadr_sdk.errors import NotFoundError

from kadr_author.building import build
from kadr_author.commands.shared import Command, as_json, print_json
from kadr_author.desk import Desk
from kadr_author.languages import LANGUAGES, PYTHON, named
from kadr_author.new import KINDS, Wanted, make, wanted
from kadr_author.project import read_project

__all__ = ["Entry", "new"]


@click.command()
@click.argument("name")
@click.option("--lang", required=True, help=f"{', '.join(LANGUAGES)} or {PYTHON}.")
@click.option("--kind", type=click.Choice(list(KINDS)), default="filter", show_default=True)
@click.option(
    "--publisher", default="org.example", show_default=True, help="What a short NAME is put behind."
)
@click.option("--folder", "place", type=click.Path(path_type=Path), help="Otherwise ./NAME.")
@as_json
@click.pass_obj
def new(
    desk: Desk, name: str, lang: str, kind: str, publisher: str, place: Path | None, as_json: bool
) -> None:
    """Begin the plugin NAME (glow, or com.me.glow): it passes every check from the first day."""
    asked = wanted(name, named(lang), kind, publisher)
    folder = place or Path(asked.name)
    files = make(asked, folder)
    language = LANGUAGES.get(asked.language)
    lacking = language.missing() if language else None
    if not lacking:
        build(read_project(folder), desk.cache)
    taken = _taken(desk, asked)
    if as_json:
        data = {"id": asked.id, "folder": str(folder), "files": files, "built": not lacking}
        print_json(data | {"missing": str(lacking) if lacking else "", "taken": taken})
        return
    click.echo(f"{asked.id}, a {kind.replace('_', ' ')} in {language.title if language else 'Python'}:")
    for file in files:
        click.echo(f"  {folder / file}")
    if lacking:
        click.secho(f"to build it here {lacking.what} is missing: {lacking.remedy}", fg="yellow")
    if taken:
        text = f"{asked.name} is a name of {taken}, too: choose another one, or write {asked.id} in projects"
        click.secho(text, fg="yellow")
    click.echo(f"next: cd {folder} and kadr plugin dev")


def _taken(desk: Desk, asked: Wanted) -> str:
    """The effect that has the short name already; empty: none."""
    try:
        found = desk.kernel.catalogue.find(KINDS[asked.kind], asked.name)
    except NotFoundError:
        return ""
    return "" if found.id == asked.id else found.id


class Entry(Command):
    """The command."""

    command = new
