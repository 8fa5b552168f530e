"""The last lines of a render."""

from __future__ import annotations

import click
from kadr_sdk.reports import RenderReport

from kadr_cli.output import clean

__all__ = ["print_report"]


def print_report(report: RenderReport) -> None:
    """What was made, how long it took, and what to know about it."""
    click.secho(clean(report.output), bold=True)
    parts = [f"{report.duration:.2f} s", f"{report.bytes / 1e6:.2f} MB"]
    if report.frames:
        speed = report.duration / report.seconds if report.seconds else 0.0
        parts.insert(1, f"{report.frames} frames")
        parts.append(f"in {report.seconds:.1f} s ({speed:.2f}x real time, {report.segments} segments, ")
        parts[-1] += f"{report.workers} at once)"
    else:
        parts.append(f"in {report.seconds:.1f} s")
    click.echo("  " + ", ".join(parts))
    checked = f"verified ({report.check.level})" if report.check else "not verified"
    click.echo(f"  {checked}, sha256 {report.digest[:16]}…")
    for warning in report.warnings:
        click.secho("  warning: ", fg="yellow", nl=False)
        click.echo(clean(str(warning)))
