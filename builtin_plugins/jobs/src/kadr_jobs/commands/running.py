"""``run``: the process that carries jobs out."""

from __future__ import annotations

from collections.abc import Callable

import click
from kadr_sdk.errors import CancelledError, RenderError
from kadr_sdk.events import JobStateChanged
from kadr_sdk.plugin import Kernel

from kadr_jobs.commands.common import clean, json_option, print_json, queue_of

__all__ = ["COMMANDS"]


@click.command()
@click.option("--until-empty", is_flag=True, help="End when nothing waits any more; else wait for new jobs.")
@click.option(
    "--parallel",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    metavar="COUNT",
    help="Jobs at once; they share processors and the memory budget.",
)
@json_option
@click.pass_obj
def run(kernel: Kernel, until_empty: bool, parallel: int, as_json: bool) -> None:
    """Carry out what is queued, the highest priority first.

    There is one runner for a queue. Ctrl-C and SIGTERM stop it: what it was rendering goes
    back into the queue, and goes on from its finished segments next time.
    """
    from kadr_jobs.runner import Runner  # late: needs the render services, which the others do not

    held = kernel.events.subscribe(JobStateChanged, _teller(as_json=as_json), name="jobs run")
    try:
        ended = Runner(queue_of(kernel), kernel.container, parallel).run(until_empty=until_empty)
    except KeyboardInterrupt:
        raise CancelledError("the runner was stopped; its jobs are in the queue") from None
    finally:
        held.cancel()
    if ended.failed:
        failed = ", ".join(map(str, ended.failed))
        raise RenderError(f"failed: job {failed}", hint=f"see: kadr jobs show {ended.failed[0]}")


def _teller(*, as_json: bool) -> Callable[[JobStateChanged], None]:
    def tell(event: JobStateChanged) -> None:
        if as_json:
            print_json(event.as_dict())
        else:
            why = f": {event.message}" if event.message else ""
            click.echo(clean(f"job {event.job} is {event.state}{why}"))

    return tell


COMMANDS = (run,)
