"""``kadr verify``: check a finished file."""

from __future__ import annotations

from pathlib import Path

import click
from kadr_sdk.plugin import Kernel
from kadr_sdk.rendering import Renderer
from kadr_sdk.reports import Expectation

from kadr_cli.invoke import as_command
from kadr_cli.options import json_option
from kadr_cli.output import clean, print_json

__all__ = ["run"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--level", type=click.Choice(["fast", "full"]), default="fast", help="full decodes every frame."
)
@json_option
@click.pass_obj
def verify(kernel: Kernel, file: Path, level: str, as_json: bool) -> int:
    """Check FILE: packets, times, gaps and tags; with --level full every frame. Exit code 5 on a defect."""
    renderer = kernel.container.get(Renderer)
    renderer.probe(file)
    report = renderer.backend().check(file, Expectation(), level)
    if as_json:
        rows = [p.as_dict() for p in report.problems]
        print_json({"event": "Verified", "good": report.good, "problems": rows, "facts": report.facts})
    else:
        for problem in report.problems:
            click.echo(f"defect: {clean(str(problem))}")
        facts = ", ".join(f"{k} {v}" for k, v in report.facts.items() if isinstance(v, int | float | str))
        click.echo(f"{'good' if report.good else 'not good'} ({level}): {clean(facts)}")
    return 0 if report.good else 5


run = as_command(verify)
