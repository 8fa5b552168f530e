"""The last lines of a render."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from kadr_cli.output import clean, loudness, plural

if TYPE_CHECKING:
    from kadr_sdk.compliance import Rule
    from kadr_sdk.reports import RenderReport

__all__ = ["encoded", "print_report", "print_rules"]


_MOST_REASONS = 3  # kadr plan tells them all


def print_report(report: RenderReport) -> None:
    """What was made, how long it took, and what to know about it."""
    click.secho(clean(report.output), bold=True)
    click.echo(f"  {_made(report)}")
    click.echo(f"  {_worked(report)}")
    for line in encoded(report.encoded)[:_MOST_REASONS]:
        click.echo(f"  {line}")
    if heard := loudness(report.loudness):
        click.echo(f"  sound at {heard}")
    if report.replaced:
        click.secho("  marked: ", fg="yellow", nl=False)
        click.echo(f"{plural(report.replaced, 'frame')} without an effect that failed: {_failed(report)}")
    if report.rules:
        print_rules(report.preset, report.rules)
    for warning in report.warnings:
        click.secho("  warning: ", fg="yellow", nl=False)
        click.echo(clean(warning))


def print_rules(preset: str, rules: Sequence[Rule]) -> None:
    """How a file stands to the limits of a preset."""
    bad = [rule for rule in rules if not rule.good]
    if not bad:
        click.echo(f"  complies with {preset} ({plural(len(rules), 'rule')})")
    for rule in bad:
        click.secho(f"  not as {preset} asks: ", fg="yellow", nl=False)
        click.echo(clean(rule))


def encoded(reasons: dict[str, int]) -> list[str]:
    """Why frames are not copied, a line a reason, where copying was asked for."""
    return [f"{plural(count, 'frame')} encoded: {clean(reason)}" for reason, count in reasons.items()]


def _made(report: RenderReport) -> str:
    parts = [f"{report.duration:.2f} s", f"{report.bytes / 1e6:.2f} MB"]
    if report.frames:
        parts.insert(1, plural(report.frames, "frame"))
    parts.append(f"verified ({report.check.level})" if report.check else "not verified")
    return ", ".join([*parts, f"sha256 {report.digest[:16]}…"])


def _failed(report: RenderReport) -> str:
    return ", ".join(clean(name) for name, row in report.guests.items() if row.get("replaced"))


def _worked(report: RenderReport) -> str:
    speed = report.duration / report.seconds if report.seconds else 0.0
    text = f"in {report.seconds:.1f} s, {speed:.2f}x real time"
    if report.segments:
        reused = f" ({report.reused} of them made before)" if report.reused else ""
        if report.copied:
            text += f", {plural(report.copied, 'frame')} copied"
        text += f", {plural(report.segments, 'segment')}{reused}, {report.workers} at once"
    return text
