"""``kadr plan``: what a render would do."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kadr_sdk.plugin import Kernel

from kadr_cli.invoke import as_command
from kadr_cli.options import PATH, render_options, request_of
from kadr_cli.output import clean, plural, print_json, print_table
from kadr_cli.services import renderer_of, store_of

if TYPE_CHECKING:
    from kadr_sdk.plan import RenderPlan, Segment

__all__ = ["run"]


@click.command()
@click.argument("project", type=PATH)
@click.option("-o", "--output", type=PATH, help="Plan for this file.")
@render_options
@click.pass_obj
def plan(kernel: Kernel, /, project: Path, output: Path | None, as_json: bool, **values: Any) -> None:
    """Show spans, segments, formats and hashes of a render of PROJECT, without rendering."""
    document = store_of(kernel).open(project)
    request = request_of(output, document.timeline.fps, values)
    made = renderer_of(kernel).plan(document, project.parent, request)
    if as_json:
        from kadr_sdk.plan import canonical

        data = canonical(made)
        for row, segment in zip(data["segments"], made.segments, strict=True):
            row |= {"start": segment.start, "made": "copied" if segment.copy else "encoded"}
            row["reason"] = segment.reason
        print_json(data)
        return
    _show(made)


def _show(made: RenderPlan) -> None:
    video, audio = made.output.video, made.output.audio
    click.secho(f"{plural(made.frames, 'frame')}, {float(made.seconds):.3f} s", bold=True)
    if video is not None:
        size = f"{video.width}x{video.height} at {video.rate} fps"
        color = f"{video.color.matrix} {video.color.range}"
        click.echo(f"  pictures  {video.encoder} {video.pixel_format} {size}, {color}")
    if audio is not None and made.audio is not None:
        sounds = len(made.audio.clips)
        click.echo(
            f"  sound     {audio.encoder} {audio.rate} Hz {audio.layout}, {plural(sounds, 'clip')} mixed"
        )
    click.echo(f"  hash      {made.hash}")
    where = "the same bytes on every machine" if made.portable else "bytes depend on the class of processor"
    click.echo(f"  {where}")
    if video is not None:
        rows = [_row(segment, video.rate) for segment in made.segments]
        print_table("segments", ["#", "from s", "frames", "spans", "nodes", "hash"], rows)
        _show_copies(made)
    for note in made.notes:
        click.echo(f"note: {clean(note)}")
    for warning in made.warnings:
        click.echo(f"warning: {clean(warning)}")


def _show_copies(made: RenderPlan) -> None:
    """What is copied and why the rest is not, where copying was asked for."""
    copied = sum(s.count for s in made.segments if s.copy is not None)
    reasons: Counter[str] = Counter()
    for segment in made.segments:
        if segment.reason:
            reasons[segment.reason] += segment.count
    if copied:
        click.echo(f"{plural(copied, 'frame')} of {made.frames} copied from the sources")
    for reason, count in reasons.most_common():
        click.echo(f"  {plural(count, 'frame')} encoded: {clean(reason)}")


def _row(segment: Segment, rate: Fraction) -> list[str]:
    from kadr_sdk.plan import walk

    kinds = Counter(type(n).__name__ for s in segment.spans for n in walk(s.root))
    nodes = " ".join(f"{name}:{count}" for name, count in sorted(kinds.items()))
    if segment.copy is not None:
        nodes = f"copy of {segment.copy.codec} from frame {segment.copy.first}"
    start = f"{float(segment.start / rate):.3f}"
    return [str(segment.index), start, str(segment.count), str(len(segment.spans)), nodes, segment.hash[:12]]


run = as_command(plan)
