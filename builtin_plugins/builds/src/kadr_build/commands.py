"""``kadr build``: choose, resolve, stage, freeze, list, prove; each step told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
from kadr_sdk.plugin import Kernel

from kadr_build.build import ARTEFACTS, Order, build
from kadr_build.order import read_order

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
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="A new folder.")
@click.option("--no-verify", is_flag=True, help="Do not try what was made.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
@click.pass_obj
def command(
    kernel: Kernel,
    file: Path | None,
    plugins: tuple[str, ...],
    projects: tuple[Path, ...],
    artefacts: tuple[str, ...],
    output: Path,
    no_verify: bool,
    as_json: bool,
) -> None:
    """Build a kadr of chosen plugins, or of those that projects need.

    FILE is a build.toml with plugins, projects and artefacts; options add to it. Made of what is
    installed here, without a network: the same installation gives the same bytes.
    """
    given = read_order(file) if file else Order()
    order = Order(
        (*given.plugins, *plugins),
        (*given.projects, *projects),
        tuple(dict.fromkeys((*given.artefacts, *artefacts))) or ARTEFACTS[:1],
    )
    say = (lambda _line: None) if as_json else lambda line: click.echo(line, err=True)
    made = build(kernel, order, output, say=say, verify=not no_verify)
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


def run(kernel: Kernel, argv: Sequence[str]) -> int:
    """The entry of the contribution."""
    try:
        command.main(list(argv), prog_name="kadr build", standalone_mode=False, obj=kernel)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
    return 0
