"""``list``, ``show``, ``wait``: where jobs stand."""

from __future__ import annotations

import time
from collections.abc import Iterator

import click
from kadr_sdk.errors import CancelledError, RenderError, TimeoutExceededError
from kadr_sdk.jobs import ENDED, STATES, Job
from kadr_sdk.plugin import Kernel

from kadr_jobs.commands.common import (
    JOBS,
    clean,
    data_of,
    json_option,
    print_json,
    queue_of,
    say,
    table,
    words_of,
)
from kadr_jobs.queue import Queue
from kadr_jobs.rows import outputs

__all__ = ["COMMANDS"]

_LOOK = 0.2  # seconds


@click.command("list")
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="Only these.")
@json_option
@click.pass_obj
def list_(kernel: Kernel, states: tuple[str, ...], as_json: bool) -> None:
    """List jobs: those at work, those that wait in the order they run, the others."""
    queue = queue_of(kernel)
    found = queue.all(states)
    if as_json:
        for job in found:
            print_json(data_of(job))
        return
    if found:
        head = ["job", "state", "priority", "done", "submitted", "output"]
        table([head, *(words_of(job) for job in found)])
    else:
        click.echo("no jobs" if not states else f"no jobs that are {' or '.join(states)}")
    _hint(queue, found)


def _hint(queue: Queue, found: object) -> None:
    waiting = isinstance(found, list) and any(job.state == "queued" for job in found)
    if waiting and not queue.running():
        click.echo("nobody runs them; begin with: kadr jobs run", err=True)


@click.command()
@click.argument("job", type=JOBS)
@json_option
@click.pass_obj
def show(kernel: Kernel, job: int, as_json: bool) -> None:
    """Everything about JOB."""
    found = queue_of(kernel).get(job)
    if as_json:
        print_json(data_of(found))
        return
    for line in _lines(found):
        click.echo(clean(line))


def _lines(job: Job) -> Iterator[str]:
    number, state, priority, far, submitted, _ = words_of(job)
    yield f"job {number}: {state}" + (f", {far}" if far else "")
    yield f"  project    {job.project} (sha256 {job.digest[:12]})"
    for path in outputs(job):
        yield f"  output     {path}"
    yield f"  priority   {priority}"
    yield f"  submitted  {submitted}"
    if job.started and job.ended:
        yield f"  took       {job.ended - job.started:.1f} s"
    if job.crashes:
        yield f"  crashes    {job.crashes}"
    for result in job.results:
        reused = f"{result['reused']} of {result['segments']} segments were there already"
        yield f"  made       {result['bytes']} bytes, sha256 {result['digest'][:12]}; {reused}"
        for warning in result["warnings"]:
            yield f"  warning    {warning}"
    for problem in job.error.get("problems", ()):
        where = f"{problem['path']}: " if problem["path"] else ""
        yield f"  error      {where}{problem['message']}"
        if problem["hint"]:
            yield f"  remedy     {problem['hint']}"


@click.command()
@click.argument("numbers", type=JOBS, nargs=-1, metavar="[JOB...]")
@click.option("--timeout", type=click.FloatRange(0.1, 1e7), metavar="SECONDS", help="At most so long.")
@json_option
@click.pass_obj
def wait(kernel: Kernel, numbers: tuple[int, ...], timeout: float | None, as_json: bool) -> None:
    """Wait until jobs have ended: these, or all that wait or run now.

    The exit code says how: 0 where all are done, 4 where one has failed, 130 where one was
    cancelled, 7 where the time is up.
    """
    queue = queue_of(kernel)
    wanted = numbers or tuple(job.id for job in queue.all(("queued", "running")))
    end = time.monotonic() + timeout if timeout else None
    _hint(queue, [queue.get(number) for number in wanted])
    found = _wait(queue, wanted, end)
    for job in found:
        say(job, as_json=as_json)
    _raise_for(found)


def _wait(queue: Queue, wanted: tuple[int, ...], end: float | None) -> list[Job]:
    while True:
        found = [queue.get(number) for number in wanted]
        late = [str(job.id) for job in found if job.state not in ENDED]
        if not late:
            return found
        if end is not None and time.monotonic() >= end:
            hint = "wait longer, or see: kadr jobs list"
            raise TimeoutExceededError(f"not ended in time: job {', '.join(late)}", hint=hint)
        time.sleep(_LOOK)


def _raise_for(found: list[Job]) -> None:
    failed = [str(job.id) for job in found if job.state == "failed"]
    if failed:
        raise RenderError(f"failed: job {', '.join(failed)}", hint=f"see: kadr jobs show {failed[0]}")
    if any(job.state == "cancelled" for job in found):
        raise CancelledError("a job was cancelled")


COMMANDS = (list_, show, wait)
