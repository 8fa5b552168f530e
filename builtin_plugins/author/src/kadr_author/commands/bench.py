"""``kadr plugin bench``."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

import click

from kadr_author.commands.shared import Command, as_json, folder, print_json, print_table
from kadr_author.desk import Desk
from kadr_author.project import open_project
from kadr_author.speed import Speed, speed_of
from kadr_author.trial import on_trial

__all__ = ["Entry", "bench"]


@click.command()
@folder
@click.option(
    "--rounds", type=click.IntRange(3, 1000), default=25, show_default=True, help="Frames of each effect."
)
@as_json
@click.pass_obj
def bench(desk: Desk, folder: Path, rounds: int, as_json: bool) -> None:
    """Milliseconds that each effect of the plugin in FOLDER takes for a frame, against copying it."""
    project = open_project(folder)
    with tempfile.TemporaryDirectory() as name, on_trial(desk.kernel, project, Path(name)) as trial:
        found = [(work.id, speed_of(work, trial.effect(work), rounds)) for work in project.works]
    if as_json:
        rows = [{"effect": effect, "ratio": round(speed.ratio, 3)} | asdict(speed) for effect, speed in found]
        print_json({"plugin": project.manifest.id, "rounds": rounds, "effects": rows})
        return
    header = ["effect", "what", "format", "ms", "least", "copy alone", "ratio"]
    print_table([header, *(_row(effect, speed) for effect, speed in found)])


def _row(effect: str, speed: Speed) -> list[str]:
    times = [f"{value:.2f}" for value in (speed.ms, speed.least_ms, speed.copy_ms)]
    return [effect, speed.of, speed.format, *times, f"{speed.ratio:.1f}x"]


class Entry(Command):
    """The command."""

    command = bench
