"""The scheduler: the one owner of threads and of the memory budget."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self, TypeVar

from kadr_sdk.errors import NotFoundError
from kadr_sdk.events import MemoryPressureRaised

from kadr_kernel.pools.memory import MemoryBudget
from kadr_kernel.pools.pool import Pool, PoolSize
from kadr_kernel.pools.sizes import default_budget, usable_cpus
from kadr_kernel.pools.task import PoolTask
from kadr_kernel.pools.watch import Watch

__all__ = ["Scheduler", "default_sizes"]

T = TypeVar("T")
log = logging.getLogger("kadr.pools")


def default_sizes(cpus: int) -> dict[str, PoolSize]:
    """One thread per processor for work, more for waiting, two for what is in no hurry.

    ``remote`` is for waiting on work of other processes and machines.
    """
    return {
        "cpu": PoolSize(cpus, 256),
        "io": PoolSize(min(32, 4 * cpus), 1000),
        "remote": PoolSize(1024, 1024),
        "background": PoolSize(2, 100),
    }


class Scheduler:
    """Satisfies :class:`kadr_sdk.services.Scheduler`. No thread is made before it is needed.

    Args:
        cpu_count: processors to use; None: those that this process may use.
        memory_budget: bytes; None: half of the memory that this process may use.
        sizes: pools by name; None: :func:`default_sizes`.
        publish: told when memory use rises over 90 % of the budget.
    """

    def __init__(
        self,
        *,
        cpu_count: int | None = None,
        memory_budget: int | None = None,
        sizes: Mapping[str, PoolSize] | None = None,
        publish: Callable[[MemoryPressureRaised], object] | None = None,
    ) -> None:
        self.cpu_count = cpu_count or usable_cpus()
        self.memory_budget = memory_budget or default_budget()
        self._memory = MemoryBudget(self.memory_budget, publish)
        self._watch = Watch()
        chosen = default_sizes(self.cpu_count) if sizes is None else sizes
        self._pools = {name: Pool(name, size, self._watch) for name, size in chosen.items()}

    def submit(
        self,
        work: Callable[[], T],
        *,
        pool: str = "cpu",
        priority: int = 0,
        time_limit: float | None = None,
        name: str = "",
    ) -> PoolTask[T]:
        """Queue work on a pool; the higher priority first.

        Args:
            time_limit: seconds from the moment it begins. A thread cannot be killed: over
                the limit, who waits gets the error while the thread goes on, replaced by
                another one (see :mod:`kadr_kernel.pools.pool`).

        Raises:
            NotFoundError: no such pool.
            OverloadedError: the queue is full.
            CancelledError: the scheduler is closed.
        """
        chosen = self._pools.get(pool)
        if chosen is None:
            raise NotFoundError("pool", pool, self._pools)
        return chosen.submit(work, priority=priority, time_limit=time_limit, name=name)

    def reserve(self, amount: int, *, owner: str = "") -> AbstractContextManager[None]:
        """Hold bytes of the memory budget, waiting until they are free; first come, first served.

        Raises:
            ResourceError: more than the whole budget.
            CancelledError: the scheduler was closed meanwhile.
        """
        return self._memory.reserve(amount, owner)

    def counters(self) -> Mapping[str, Mapping[str, float]]:
        """Per pool: what the contract says, and ``lost``: workers on tasks over their limit."""
        return {name: pool.counters() for name, pool in self._pools.items()}

    def health(self) -> tuple[str, str]:
        """A warning while workers are lost to tasks over their time limit."""
        lost = {name: int(pool.counters()["lost"]) for name, pool in self._pools.items()}
        if not any(lost.values()):
            return "healthy", ""
        return "warning", "threads lost: " + ", ".join(f"{name} {n}" for name, n in lost.items() if n)

    def close(self, limit: float = 5.0) -> tuple[str, ...]:
        """Withdraw what is queued and wait for what runs, ``limit`` seconds in all.

        Returns:
            Names of tasks that still run; they are logged, and end with the process.
        """
        end = time.monotonic() + limit
        self._memory.close()
        for pool in self._pools.values():
            pool.begin_close()
        left = tuple(name for pool in self._pools.values() for name in pool.join(end))
        self._watch.close()
        if left:
            log.warning("still running after %g s: %s", limit, ", ".join(left))
        return left

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
