"""``kadr verify``: check a finished file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kadr_sdk.compliance import Limits, comply
from kadr_sdk.files import check_new, refuse_same, write_new
from kadr_sdk.plugin import Kernel

from kadr_cli.invoke import as_command
from kadr_cli.options import PATH, RATE, SIZE, TIME, json_option, seconds_of
from kadr_cli.output import clean, loudness, print_json
from kadr_cli.services import renderer_of, store_of
from kadr_cli.summary import print_rules

if TYPE_CHECKING:
    from kadr_sdk.rendering import RenderRequest
    from kadr_sdk.reports import CheckReport

__all__ = ["run"]

_HOW = ("preset", "container", "span", "size", "fps", "smart_copy")
"""What says how a film was rendered; of a file alone the preset says what it is to comply with."""


@click.command()
@click.argument("file", type=PATH)
@click.option("--level", type=click.Choice(["fast", "full"]), default="fast", show_default=True)
@click.option("--full", is_flag=True, help="Decode every frame, as --level full.")
@click.option("--project", type=PATH, metavar="PROJECT", help="What FILE was made of (.tlp), to compare.")
@click.option("--preset", metavar="NAME", help="Also what a preset's platform asks; see: kadr presets NAME.")
@click.option("--container", metavar="NAME", help="As it was rendered, where --project is given.")
@click.option("--range", "span", nargs=2, type=TIME, metavar="FROM TO", help="The part that was rendered.")
@click.option("--size", type=SIZE, metavar="WxH", help="As it was rendered.")
@click.option("--fps", type=RATE, metavar="FPS", help="As it was rendered.")
@click.option("--smart-copy", type=click.Choice(["off", "auto", "require"]), help="As it was rendered.")
@click.option("--report", "page", type=PATH, metavar="PAGE.html", help="A page with pictures of defects.")
@click.option("--overwrite", "-y", is_flag=True, help="Replace an existing page.")
@json_option
@click.pass_obj
def verify(kernel: Kernel, /, file: Path, full: bool, page: Path | None, as_json: bool, **values: Any) -> int:
    """Check FILE: packets, times, gaps, seams and tags; with --full every frame.

    With --project also that it is what the project says, and what was noted of its frames while
    they were encoded; black and frozen stretches are then defects unless the timeline has them.

    Without it uneven times are notes: a camera may have meant them.

    Exit code 5 on a defect, or where it does not comply with --preset.
    """
    level = "full" if full else values["level"]
    if page is not None:
        refuse_same(page, [p for p in (file, values["project"]) if p], "the page is one of the inputs")
        check_new(page, overwrite=values["overwrite"])
    limits = _limits(kernel, values["preset"], alone=values["project"] is None)
    if limits.loudness or limits.max_true_peak is not None:
        level = "full"  # loudness is known only once all is decoded
    report = _checked(kernel, file, level, values)
    rules = comply(limits, report.facts)
    good = report.good and all(rule.good for rule in rules)
    if page is not None:
        from kadr_cli.verify_page import page_of

        text = page_of(file, report, rules, renderer_of(kernel))
        write_new(page, text.encode(), overwrite=values["overwrite"])
    if as_json:
        print_json(_data(report, good) | {"rules": [rule.as_dict() for rule in rules]})
    else:
        _tell(file, report)
        if report.problems and values["project"] and not any(values[name] for name in _HOW):
            click.echo("note: it was held against the project alone; if it was rendered otherwise, say how:")
            click.echo("  --preset, --container, --range, --size, --fps or --smart-copy, as for the render")
        if rules:
            print_rules(str(values["preset"]), rules)
        click.echo(f"{clean(file)}: {'good' if good else 'not good'} ({_read(level, report.facts)})")
    return 0 if good else 5


def _checked(kernel: Kernel, file: Path, level: str, values: Mapping[str, Any]) -> CheckReport:
    renderer, project = renderer_of(kernel), values["project"]
    if project is not None:
        document = store_of(kernel).open(project)
        request = _request(file, document.timeline.fps, values)
        return renderer.verify(file, level, document, project.parent, request)
    for name in _HOW[1:]:
        if values[name]:
            raise click.UsageError(
                f"--{name.replace('span', 'range').replace('_', '-')} says how a --project was rendered"
            )
    if not file.exists():
        renderer.probe(file)  # says so
    return renderer.verify(file, level)


def _request(file: Path, fps: Any, values: Mapping[str, Any]) -> RenderRequest:
    from kadr_sdk.rendering import RenderRequest

    span = values["span"]
    return RenderRequest(
        output=file,
        preset=values["preset"],
        container=values["container"],
        range=(seconds_of(span[0], fps, "--range"), seconds_of(span[1], fps, "--range")) if span else None,
        resolution=values["size"],
        fps=values["fps"],
        smart_copy=values["smart_copy"] or "",
    )


def _data(report: CheckReport, good: bool) -> dict[str, Any]:
    rows = [p.as_dict() for p in report.problems]
    found = {"event": "Verified", "good": good, "level": report.level, "problems": rows}
    found["remarks"] = [p.as_dict() for p in report.remarks]
    return found | {"stretches": [s.as_dict() for s in report.stretches], "facts": report.facts}


def _tell(file: Path, report: CheckReport) -> None:
    for problem in report.problems:
        click.secho("defect: ", fg="red", nl=False)
        click.echo(clean(problem))
    for remark in report.remarks:
        click.echo(f"note: {clean(remark)}")
    for stretch in report.stretches:
        click.echo(f"note: {clean(file)}: frames {stretch.first} to {stretch.end - 1} are {stretch.kind}")


def _limits(kernel: Kernel, preset: str | None, *, alone: bool) -> Limits:
    """What the preset asks.

    Raises:
        NotFoundError: no such preset.
        click.UsageError: it asks nothing.
    """
    if preset is None:
        return Limits()
    found = kernel.catalogue.find("preset", preset)
    limits = kernel.catalogue.describe("preset", found.id).get("limits")
    if not limits and alone:
        raise click.UsageError(f"the preset {found.id} asks nothing of a file")
    return Limits.from_dict(limits or {})


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
