"""``submit``, ``pause``, ``resume``, ``cancel``, ``priority``, ``clear``: what is asked of jobs."""

from __future__ import annotations

from collections.abc import Callable

import click
from kadr_sdk.jobs import ENDED, Job
from kadr_sdk.plugin import Kernel

from kadr_jobs.commands.common import JOBS, json_option, print_json, queue_of, say
from kadr_jobs.queue import Queue

__all__ = ["COMMANDS"]


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("args", nargs=-1, type=click.UNPROCESSED, metavar="PROJECT -o OUTPUT [OPTIONS]")
@click.pass_obj
def submit(kernel: Kernel, args: tuple[str, ...]) -> int:
    """Queue a render of PROJECT.

    Takes --priority NUMBER (the higher goes first, 0 unless given) and every option of
    kadr render; see: kadr render --help. The same as: kadr render --queue.

    The project is rendered as it is now: where its file changes before its turn comes, the
    job fails and says so.
    """
    code: int = kernel.catalogue.load("command", "render")(kernel, ["--queue", *args])
    return code


def _asking(name: str, ask: Callable[[Queue, int], Job], text: str) -> click.Command:
    @click.command(name, help=text)
    @click.argument("numbers", type=JOBS, nargs=-1, required=True, metavar="JOB...")
    @json_option
    @click.pass_obj
    def command(kernel: Kernel, numbers: tuple[int, ...], as_json: bool) -> None:
        queue = queue_of(kernel)
        for number in numbers:  # nothing is done where one of them is unknown
            queue.get(number)
        for number in numbers:
            say(ask(queue, number), as_json=as_json)

    return command


pause = _asking(
    "pause",
    Queue.pause,
    "Take a job out of the queue, or stop it: processors and memory are free for others, what is "
    "finished is in the cache, and resume goes on from there.",
)
resume = _asking("resume", Queue.resume, "Queue a job again that is paused, was cancelled or has failed.")
cancel = _asking("cancel", Queue.cancel, "End a job; nothing stands under the name of its output.")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("job", type=JOBS)
@click.argument("number", type=int)
@json_option
@click.pass_obj
def priority(kernel: Kernel, job: int, number: int, as_json: bool) -> None:
    """Set the priority of JOB: the higher goes first. What runs already goes on."""
    found = queue_of(kernel).prioritize(job, number)
    if as_json:
        print_json({"job": found.id, "priority": found.priority})
    else:
        click.echo(f"job {found.id} has priority {found.priority}")


@click.command()
@click.option("--state", "states", type=click.Choice(ENDED), multiple=True, help="Only these.")
@json_option
@click.pass_obj
def clear(kernel: Kernel, states: tuple[str, ...], as_json: bool) -> None:
    """Forget jobs that have ended; their files stay."""
    count = queue_of(kernel).clear(states or ENDED)
    if as_json:
        print_json({"cleared": count})
    else:
        click.echo(f"{count} {'job' if count == 1 else 'jobs'} forgotten")


COMMANDS = (submit, pause, resume, cancel, priority, clear)
