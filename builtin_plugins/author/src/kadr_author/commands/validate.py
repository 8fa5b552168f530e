"""``kadr plugin validate``."""

from __future__ import annotations

from pathlib import Path

import click

from kadr_author.commands.shared import Command, as_json, folder, print_json, print_problems
from kadr_author.desk import Desk
from kadr_author.project import read_project
from kadr_author.quality import rules_of

__all__ = ["Entry", "validate"]


@click.command()
@folder
@as_json
@click.pass_obj
def validate(desk: Desk, folder: Path, as_json: bool) -> int:
    """Every rule that the plugin in FOLDER breaks: file, rule and remedy. Exit code 2 where there is one."""
    project = read_project(folder)
    problems = rules_of(desk.kernel, project)
    if as_json:
        data = {"plugin": project.manifest.id, "problems": [problem.as_dict() for problem in problems]}
        print_json(data)
    elif problems:
        print_problems(problems)
    else:
        click.echo(f"{project.manifest.id} {project.manifest.version} keeps every rule")
    return 2 if problems else 0


class Entry(Command):
    """The command."""

    command = validate
