"""``kadr build``: choose, resolve, stage, freeze, list, prove; each step told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from kadr_sdk.clicks import click_entry
from kadr_sdk.plugin import Kernel

from kadr_build.build import ARTEFACTS, Order, build
from kadr_build.order import read_order
from kadr_build.staging import Wanted

__all__ = ["run"]


@click.command("build")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--plugin", "-p", "plugins", multiple=True, metavar="ID", help="Have this plugin in.")
@click.option(
    "--from-project",
    "projects",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Have in what it needs.",
)
@click.option(
    "--artefact", "-a", "artefacts", multiple=True, type=click.Choice(ARTEFACTS), help="What to make."
)
@click.option(
    "--install", "-i", multiple=True, metavar="ID[@VERSION]", help="Have this plugin in, from a registry."
)
@click.option(
    "--lock", type=click.Path(path_type=Path), help="Have in what this lock says, from its registries."
)
@click.option("--grant", "grants", multiple=True, help="A permission that plugins from registries get.")
@click.option("--from", "sources", multiple=True, metavar="[NAME=]PLACE", help="Take their files from here.")
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="A new folder.")
@click.option("--no-verify", is_flag=True, help="Do not try what was made.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
@click.pass_obj
def command(kernel: Kernel, /, file: Path | None, output: Path, as_json: bool, **given: Any) -> None:
    """Build a kadr of chosen plugins, or of those that projects need.

    FILE is a build.toml with plugins, projects, artefacts, install, lock, grants and sources;
    options add to it. Made of what is installed here, without a network: the same installation
    gives the same bytes. What --install and --lock name comes from registries, and into this
    build alone.
    """
    order = _order(read_order(file) if file else Order(), given)
    say = (lambda _line: None) if as_json else lambda line: click.echo(line, err=True)
    made = build(kernel, order, output, say=say, verify=not given["no_verify"])
    if as_json:
        click.echo(json.dumps(made.as_dict()))
        return
    width = max(len(row.name) for row in made.wheels)
    for row in sorted(made.wheels, key=lambda row: -row.size):
        click.echo(
            f"{row.name.ljust(width)}  {row.version:>12}  {row.size / 1e6:8.2f} MB  {row.license[:40]}"
        )
    click.echo(f"{'all together'.ljust(width)}  {'':>12}  {made.size / 1e6:8.2f} MB")
    for path in made.artefacts:
        click.secho(str(path), bold=True)


def _order(read: Order, given: Mapping[str, Any]) -> Order:
    """What the file says, and the options."""
    old = read.wanted
    wanted = Wanted(
        (*old.install, *given["install"]),
        given["lock"] or old.lock,
        (*old.grants, *given["grants"]),
        (*old.sources, *given["sources"]),
    )
    artefacts = tuple(dict.fromkeys((*read.artefacts, *given["artefacts"]))) or ARTEFACTS[:1]
    plugins, projects = (*read.plugins, *given["plugins"]), (*read.projects, *given["projects"])
    return Order(plugins, projects, artefacts, wanted)


run = click_entry(command, "kadr build")
