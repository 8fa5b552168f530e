"""The executor: a scheduler's workers, asked first whether they would make the same bytes."""

from __future__ import annotations

import asyncio
import logging
import pickle
import time
import uuid
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import ConfigError, DependencyMissingError, RenderError, TimeoutExceededError
from kadr_sdk.plugin import PluginContext

if TYPE_CHECKING:
    from kadr_sdk.execution import Crew, Team

__all__ = ["DaskExecutor"]

_PATIENCE = 15  # seconds that a scheduler may take to answer
_BOOT = 180  # seconds for all workers to boot


class DaskExecutor:
    """Satisfies :class:`kadr_sdk.execution.Executor`."""

    def __init__(self, context: PluginContext) -> None:
        self._settings = context.config

    def open(self, crew: Crew) -> Team:
        """Connect, or start a cluster on this machine, and check every worker.

        Raises:
            DependencyMissingError: distributed is not installed, or a worker has other versions.
            TimeoutExceededError: no scheduler answers.
            ConfigError: something else does.
        """
        distributed = _library()
        from kadr_dask.team import DaskTeam

        if crew.address:
            _require_scheduler(crew.address)
        cluster = None if crew.address else _local(distributed, crew.workers)
        try:
            client = _client(distributed, crew.address or cluster)
        except BaseException:
            if cluster is not None:
                cluster.close()
            raise
        recipe = pickle.dumps(crew.recipe())
        store, room = str(self._settings["store"]), int(self._settings["cache_mb"]) * 1_000_000
        team = DaskTeam(client, cluster, recipe, store, room, f"kadr-{uuid.uuid4().hex}")
        try:
            _check(client, recipe, crew.address)
        except BaseException:
            team.close()
            raise
        return team


def _library() -> Any:
    try:
        import distributed
    except ImportError:
        raise DependencyMissingError(
            "the executor 'dask' needs dask.distributed, which is not installed",
            hint='pip install "kadr[dask]", here and on the workers',
        ) from None
    return distributed


def _local(distributed: Any, workers: int) -> Any:
    """A cluster for trial: processes of one thread, loopback only."""
    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        # A free port: the usual one may be another cluster's, and the library would say so.
        scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        host="127.0.0.1",
        silence_logs="CRITICAL",
        memory_limit=0,  # kadr has a budget of its own; frames in libav are not what Dask measures
    )


def _client(distributed: Any, where: Any) -> Any:
    # What goes wrong is our error, in one line; the library would add its traceback.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        return distributed.Client(where, timeout=_PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise _silent(where, error) from None


def _require_scheduler(address: str) -> None:
    """Asked before there is a client, which takes half a minute to give up what it could not open."""
    try:
        found = asyncio.run(asyncio.wait_for(_identity(address), _PATIENCE))
    except Exception as error:  # noqa: BLE001 - whatever comes of talking to who knows what
        raise _silent(address, error) from None
    kind = found.get("type") if isinstance(found, dict) else None
    if kind != "Scheduler":
        raise ConfigError(
            f"what answers at {address} is no scheduler: {kind or 'unknown'}",
            hint="a scheduler writes its address when it starts",
        )


async def _identity(address: str) -> Any:
    from distributed import Security, core

    library: Any = core  # its functions have no types
    trust = Security().get_connection_args("client")  # type: ignore[no-untyped-call]  # the library's
    comm = await library.connect(address, timeout=_PATIENCE, **trust)
    try:
        return await library.send_recv(comm, op="identity")
    finally:
        comm.abort()


def _silent(where: Any, error: Exception) -> TimeoutExceededError:
    reason = str(error) or f"nothing within {_PATIENCE:g} s"
    if isinstance(error, MemoryError):  # the first bytes of another protocol, read as a length
        reason = "what answers there speaks something else"
    hint = "start one with: dask scheduler, then: dask worker ADDRESS --nthreads 1"
    if str(where).startswith("tls:"):
        hint = "certificates are named in Dask's own configuration, distributed.comm.tls"
    return TimeoutExceededError(f"no scheduler answers at {where}: {reason}", hint=hint)


def _check(client: Any, recipe: bytes, address: str) -> None:
    from kadr_dask.worker import boot_here

    workers = sorted(client.scheduler_info(n_workers=-1)["workers"])
    if not workers:
        raise RenderError(
            f"the scheduler at {address} has no workers", hint=f"start some: dask worker {address}"
        )
    asked = {w: client.submit(boot_here, recipe, workers=[w], pure=False) for w in workers}
    end = time.monotonic() + _BOOT
    for worker, future in asked.items():
        try:
            fault = future.result(timeout=max(1.0, end - time.monotonic()))
        except Exception as error:  # noqa: BLE001 - a worker without kadr cannot even load the function
            fault = str(error) or type(error).__name__
        if fault is not None:
            raise _unfit(worker, fault)


def _unfit(worker: str, reason: str) -> DependencyMissingError:
    return DependencyMissingError(
        f"{worker}: {reason}", hint='install the same "kadr[dask]" and plugins on every worker'
    )
