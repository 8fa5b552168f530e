"""``kadr plugin build``."""

from __future__ import annotations

from pathlib import Path

import click

from kadr_author import building
from kadr_author.commands.shared import Command, as_json, folder, print_json
from kadr_author.desk import Desk
from kadr_author.project import open_project

__all__ = ["Entry", "build"]


@click.command()
@folder
@as_json
@click.pass_obj
def build(desk: Desk, folder: Path, as_json: bool) -> None:
    """Compile the guests of the plugin in FOLDER (the working folder), with their declarations."""
    project = open_project(folder)
    done = building.build(project, desk.cache)
    if as_json:
        rows = [{"effect": b.work.id, "bytes": b.size, "changed": b.changed} for b in done]
        print_json({"plugin": project.manifest.id, "guests": rows})
        return
    for built in done:
        assert built.work.module is not None
        state = "" if built.changed else ", as it was"
        click.echo(f"{project.name(built.work.module)}: {built.size} bytes{state}")
    if not done:
        click.echo(f"{project.manifest.id} has no guests: there is nothing to build")


class Entry(Command):
    """The command."""

    command = build
