"""``kadr plugin test``."""

from __future__ import annotations

from pathlib import Path

import click

from kadr_author.checks import LEVELS, Outcome
from kadr_author.commands.shared import Command, as_json, folder, lines, print_json, print_problems
from kadr_author.desk import Desk
from kadr_author.project import Project, open_project, read_project
from kadr_author.quality import Quality, quality_of, renew_vectors

__all__ = ["Entry", "print_quality", "show_outcome", "test"]


@click.command()
@folder
@click.option("--update", is_flag=True, help="Write new vectors: what the effects make now is right.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random parameters.")
@click.option("--require", type=click.Choice(LEVELS), help="Exit code 5 below this step; else below silver.")
@as_json
@click.pass_obj
def test(desk: Desk, folder: Path, update: bool, seed: int, require: str | None, as_json: bool) -> int:
    """Try everything that the plugin in FOLDER promises, and say its quality: bronze to platinum."""
    if update:
        _update(desk, open_project(folder), as_json)
    project = read_project(folder)
    found = quality_of(
        desk.kernel, project, desk.cache, seed, lambda row: None if as_json else show_outcome(row)
    )
    if as_json:
        print_json({"plugin": project.manifest.id, "version": project.manifest.version} | found.as_dict())
    else:
        print_quality(project, found)
    if found.problems:
        return 2
    return 0 if LEVELS.index(found.level) >= LEVELS.index(require or "silver") else 5


def _update(desk: Desk, project: Project, as_json: bool) -> None:
    for path, count, changed in renew_vectors(desk.kernel, project, desk.cache):
        if not as_json:
            click.echo(f"{project.name(path)}: {changed} of {count} vectors are new")


def show_outcome(row: Outcome) -> None:
    """One line, and what is wrong."""
    word, color = ("ok", "green") if row.passed else ("FAILED", "red")
    click.secho(f"{word:6} ", fg=color, nl=False)
    click.echo(f"{row.level:8} {row.check:11} {row.effect}{': ' if row.note else ''}{lines(row.note)}")


def print_quality(project: Project, found: Quality) -> None:
    """The step, and what keeps it from the next one."""
    if found.problems:
        print_problems(found.problems)
        click.secho(f"{project.manifest.id} breaks rules, so nothing more was tried", fg="red")
        return
    click.secho(f"{project.manifest.id} {project.manifest.version}: {found.level}", bold=True)
    missing = [row for row in found.outcomes if not row.passed and row.level == found.next_step]
    if missing:
        click.echo(f"for {found.next_step}: {', '.join(dict.fromkeys(row.check for row in missing))}")


class Entry(Command):
    """The command."""

    command = test
