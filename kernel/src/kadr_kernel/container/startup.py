"""Starting in dependency order, with independent services at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from kadr_sdk.errors import KadrError

from kadr_kernel.container.faults import ContainerError, Fault, NotMade, not_made
from kadr_kernel.container.lives import Life
from kadr_kernel.container.recipe import Key, Recipe

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["begin_all", "run_start", "start_error", "start_order"]

_AT_ONCE = 8


def start_order(table: Mapping[Key, Recipe], scope: str) -> dict[Key, list[Key]]:
    """Services of a scope that have a start, and all that they need there, each with its needs."""
    order: dict[Key, list[Key]] = {}
    todo = [key for key, made in table.items() if made.scope == scope and made.start and made.make]
    while todo:
        key = todo.pop()
        if key in order:
            continue
        needs = [need.key for need in table[key].needs if need.key in table]
        order[key] = [key for key in needs if table[key].scope == scope]
        todo.extend(order[key])
    return order


def begin_all(order: Mapping[Key, list[Key]], begin: Callable[[Key], None]) -> dict[Key, BaseException]:
    """Call ``begin`` for every key after its needs; stop handing out after the first failure.

    Returns:
        What was raised, by key; several where services failed at the same time.
    """
    from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait  # late: it takes milliseconds

    failures: dict[Key, BaseException] = {}
    if not order:
        return failures
    sorter = TopologicalSorter(order)
    sorter.prepare()
    running: dict[Future[None], Key] = {}
    with ThreadPoolExecutor(min(_AT_ONCE, len(order)), thread_name_prefix="kadr-start") as threads:
        while running or (sorter.is_active() and not failures):
            if not failures:
                running |= {threads.submit(begin, key): key for key in sorter.get_ready()}
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                key = running.pop(future)
                if error := future.exception():
                    failures[key] = error
                sorter.done(key)
    return failures


def run_start(life: Life) -> None:
    """Call its start; anything but an error of ours is wrapped with the service's name."""
    try:
        if action := life.recipe.action("start", life.instance):
            action()
    except KadrError:
        raise
    except Exception as error:
        raise ContainerError("a service failed", [not_made(life.recipe, "started", error)]) from error


def start_error(failures: Mapping[Key, BaseException]) -> KadrError:
    """One error for all of them: itself where it is the only one."""
    if len(failures) == 1 and isinstance(error := next(iter(failures.values())), KadrError):
        return error
    faults: list[Fault] = []
    for key, error in failures.items():
        inner = error.faults if isinstance(error, ContainerError) else ()
        faults.extend(inner or [NotMade((key,), "started", error, "")])
    return ContainerError("services did not start", faults)
