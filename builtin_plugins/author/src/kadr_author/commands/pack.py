"""``kadr plugin pack``."""

from __future__ import annotations

from pathlib import Path

import click

from kadr_author import pack as packing
from kadr_author.building import write_whole
from kadr_author.checks import LEVELS
from kadr_author.commands.shared import Command, as_json, folder, print_json
from kadr_author.commands.test import print_quality, show_outcome
from kadr_author.desk import Desk
from kadr_author.evidence import EVIDENCE, evidence
from kadr_author.project import Project, open_project
from kadr_author.quality import Quality, quality_of

__all__ = ["Entry", "pack"]


@click.command()
@folder
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Otherwise dist/ID-VERSION in FOLDER.")
@click.option("--overwrite", "-y", is_flag=True, help="Replace the package of this version.")
@click.option("--require", type=click.Choice(LEVELS), default="bronze", help="Pack nothing below this step.")
@as_json
@click.pass_obj
def pack(desk: Desk, folder: Path, output: Path | None, overwrite: bool, require: str, as_json: bool) -> int:
    """Test the plugin in FOLDER and write what a registry takes, with the evidence of its quality."""
    project = open_project(folder)
    target = output or packing.target_of(project)
    packing.pack_guests(project)
    found = quality_of(
        desk.kernel, project, desk.cache, 0, lambda row: None if as_json else show_outcome(row)
    )
    if not as_json:
        print_quality(project, found)
    if found.problems or LEVELS.index(found.level) < LEVELS.index(require):
        if as_json:
            print_json({"plugin": project.manifest.id, "package": ""} | found.as_dict())
        else:
            click.secho(f"nothing was packed: {require} is needed", fg="red")
        return 2 if found.problems else 5
    proof = evidence(project, found.level, found.outcomes, desk.kernel.version)
    if packing.is_sandboxed(project):
        changed = packing.write_package(target, packing.package_files(project, proof), overwrite=overwrite)
        _say(project, found, target, changed, as_json)
    else:
        write_whole(project.home / EVIDENCE, proof)
        _say_native(project, found, as_json)
    return 0


def _say(project: Project, found: Quality, target: Path, changed: bool, as_json: bool) -> None:
    if as_json:
        data = {"plugin": project.manifest.id, "package": str(target), "changed": changed}
        print_json(data | found.as_dict())
        return
    click.echo(f"{target}{'' if changed else ', as it was'}")
    click.echo(f"next: kadr registry submit PLACE {target} --key FILE -o FILE")


def _say_native(project: Project, found: Quality, as_json: bool) -> None:
    if as_json:
        print_json({"plugin": project.manifest.id, "package": str(project.root)} | found.as_dict())
        return
    click.echo(f"{project.name(project.home / EVIDENCE)}; Python code goes to a registry as a wheel:")
    click.echo("next: uv build --wheel --out-dir dist and kadr registry submit PLACE . --key FILE -o FILE")


class Entry(Command):
    """The command."""

    command = pack
