"""``kadr verify``: check a finished file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from kadr_sdk.compliance import Limits, comply
from kadr_sdk.plugin import Kernel

from kadr_cli.invoke import as_command
from kadr_cli.options import PATH, json_option
from kadr_cli.output import clean, loudness, print_json
from kadr_cli.services import renderer_of
from kadr_cli.summary import print_rules

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
@click.option("--preset", metavar="NAME", help="Also what a preset's platform asks; see: kadr presets NAME.")
@json_option
@click.pass_obj
def verify(kernel: Kernel, file: Path, level: str, preset: str | None, as_json: bool) -> int:
    """Check FILE: packets, times, gaps and tags; with --level full every frame.

    Exit code 5 on a defect, or where it does not comply with --preset.
    """
    from kadr_sdk.reports import Expectation

    limits = _limits(kernel, preset)
    renderer = renderer_of(kernel)
    renderer.probe(file)
    if limits.loudness or limits.max_true_peak is not None:
        level = "full"  # loudness is known only once all is decoded
    report = renderer.backend().check(file, Expectation(), level)
    rules = comply(limits, report.facts)
    good = report.good and all(rule.good for rule in rules)
    if as_json:
        rows = [p.as_dict() for p in report.problems]
        found = {"event": "Verified", "good": good, "problems": rows, "facts": report.facts}
        print_json(found | {"rules": [rule.as_dict() for rule in rules]})
    else:
        for problem in report.problems:
            click.echo(f"defect: {clean(problem)}")
        if rules:
            print_rules(str(preset), rules)
        click.echo(f"{clean(file)}: {'good' if good else 'not good'} ({_read(level, report.facts)})")
    return 0 if good else 5


def _limits(kernel: Kernel, preset: str | None) -> Limits:
    """What the preset asks.

    Raises:
        NotFoundError: no such preset.
        click.UsageError: it asks nothing.
    """
    if preset is None:
        return Limits()
    found = kernel.catalogue.find("preset", preset)
    limits = kernel.catalogue.describe("preset", found.id).get("limits")
    if not limits:
        raise click.UsageError(f"the preset {found.id} asks nothing of a file")
    return Limits.from_dict(limits)


def _read(level: str, facts: Mapping[str, Any]) -> str:
    """What was looked at."""
    found = [
        f"{facts[kind]['codec']} {facts[kind]['packets']} packets"
        for kind in ("video", "audio")
        if isinstance(facts.get(kind), dict)
    ]
    decoded = facts.get("decoded", {})
    found += [f"{decoded[kind]} {kind} decoded" for kind in ("frames", "samples") if decoded.get(kind)]
    if heard := loudness(facts.get("loudness", {})):
        found.append(heard)
    return ", ".join([level, *found])


run = as_command(verify)
