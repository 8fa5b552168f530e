"""What the commands share: the queue, and how jobs look."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click
from kadr_sdk.errors import NotSupportedError
from kadr_sdk.jobs import Job, Jobs
from kadr_sdk.plugin import Kernel
from kadr_sdk.text import printable

from kadr_jobs.queue import Queue
from kadr_jobs.rows import outputs, request_data

__all__ = ["JOBS", "clean", "data_of", "json_option", "print_json", "queue_of", "say", "table", "words_of"]

JOBS = click.IntRange(1, 2**62)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document a line, for programs.")


def queue_of(kernel: Kernel) -> Queue:
    """The queue of this plugin.

    Raises:
        NotSupportedError: another plugin provides the queue.
    """
    found = kernel.container.get(Jobs)
    if not isinstance(found, Queue):
        raise NotSupportedError("another plugin provides the queue", hint="use the commands of that plugin")
    return found


def data_of(job: Job) -> dict[str, Any]:
    """A job as JSON-ready data."""
    data = asdict(job) | {"project": str(job.project)}
    return data | {"requests": [request_data(request) for request in job.requests]}


def words_of(job: Job) -> list[str]:
    """A row of the list: number, state, priority, how far, outputs."""
    state = f"{job.state} ({job.wish} asked)" if job.wish else job.state
    far = f"{job.done * 100 // job.total} %" if job.total and job.state != "done" else ""
    names = ", ".join(str(path) for path in outputs(job))
    return [str(job.id), state, str(job.priority), far, _when(job.submitted), names]


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)) if at else "-"


def say(job: Job, *, as_json: bool) -> None:
    """Say where a job stands now."""
    if as_json:
        print_json(data_of(job))
        return
    wished = f", and its runner is asked to {job.wish} it" if job.wish else ""
    click.echo(clean(f"job {job.id} is {job.state}{wished}"))


def print_json(data: Any) -> None:
    """One document on one line."""
    click.echo(json.dumps(data, ensure_ascii=False, default=str))


def clean(text: object) -> str:
    """Text from files and strangers without anything that steers a terminal."""
    return printable(str(text).replace("\n", " "), 4000)


def table(rows: Sequence[Sequence[str]]) -> None:
    """Columns of plain text."""
    cells = [[clean(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    for row in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
