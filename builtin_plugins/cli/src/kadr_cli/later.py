"""A render for later: a job in the queue, where a plugin provides one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from kadr_sdk.plugin import Kernel

from kadr_cli.output import clean, print_json

if TYPE_CHECKING:
    from kadr_sdk.rendering import RenderRequest

__all__ = ["submit"]


def submit(
    kernel: Kernel, project: Path, requests: Sequence[RenderRequest], priority: int, *, as_json: bool
) -> int:
    """Queue a render and say its number.

    Raises:
        ServiceNotFoundError: no plugin provides a queue.
    """
    from kadr_sdk.jobs import Jobs  # late: it needs pydantic and numpy

    job = kernel.container.get(Jobs).submit(project, requests, priority)
    outputs = [str(request.output) for request in job.requests]
    if as_json:
        print_json({"job": job.id, "state": job.state, "priority": job.priority, "outputs": outputs})
    else:
        click.echo(f"job {job.id} is queued: {clean(', '.join(outputs))}")
    return 0
