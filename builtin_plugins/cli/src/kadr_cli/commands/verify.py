"""``kadr verify``: check a finished file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from kadr_sdk.plugin import Kernel

from kadr_cli.invoke import as_command
from kadr_cli.options import PATH, json_option
from kadr_cli.output import clean, print_json
from kadr_cli.services import renderer_of

__all__ = ["run"]


@click.command()
@click.argument("file", type=PATH)
@click.option(
    "--level",
    type=click.Choice(["fast", "full"]),
    default="fast",
    show_default=True,
    help="full decodes every frame.",
)
@json_option
@click.pass_obj
def verify(kernel: Kernel, file: Path, level: str, as_json: bool) -> int:
    """Check FILE: packets, times, gaps and tags; with --level full every frame. Exit code 5 on a defect."""
    from kadr_sdk.reports import Expectation

    renderer = renderer_of(kernel)
    renderer.probe(file)
    report = renderer.backend().check(file, Expectation(), level)
    if as_json:
        rows = [p.as_dict() for p in report.problems]
        print_json({"event": "Verified", "good": report.good, "problems": rows, "facts": report.facts})
    else:
        for problem in report.problems:
            click.echo(f"defect: {clean(problem)}")
        click.echo(f"{clean(file)}: {'good' if report.good else 'not good'} ({_read(level, report.facts)})")
    return 0 if report.good else 5


def _read(level: str, facts: Mapping[str, Any]) -> str:
    """What was looked at."""
    found = [
        f"{facts[kind]['codec']} {facts[kind]['packets']} packets"
        for kind in ("video", "audio")
        if isinstance(facts.get(kind), dict)
    ]
    decoded = facts.get("decoded", {})
    found += [f"{decoded[kind]} {kind} decoded" for kind in ("frames", "samples") if decoded.get(kind)]
    return ", ".join([level, *found])


run = as_command(verify)
