"""One render on a scheduler's workers."""

from __future__ import annotations

import contextlib
import pickle
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any

from kadr_sdk.backend import RenderContext
from kadr_sdk.errors import CancelledError, KadrError, MediaFileError, RenderError
from kadr_sdk.execution import Media, PartDone, PartTask

from kadr_dask.pauses import Pauses
from kadr_dask.store import Store
from kadr_dask.worker import GO, HOLD, STOP, Answer, Order, make

__all__ = ["DaskTeam"]

_BEAT = 0.2  # seconds between two looks at a task
_AWAY = 5.0  # seconds that a scheduler may be away
_ENDING = 2.0  # seconds for workers to notice that nobody wants their work any more
_SLOW, _SLOW_SECONDS = (
    4.0,
    20.0,
)  # so many times slower than the usual, and so many seconds: tried elsewhere too


class DaskTeam:
    """Satisfies :class:`kadr_sdk.execution.Team`.

    Args:
        client: of dask.distributed; closed with the team, as is ``cluster`` where it is ours.
        recipe: pickled.
        store: fsspec address; "": media must be under their paths on every worker.
        room: bytes of media that a worker may keep of the store.
        name: of this render, on the scheduler.
    """

    def __init__(
        self, client: Any, cluster: Any | None, recipe: bytes, store: str, room: int, name: str
    ) -> None:
        import distributed

        library: Any = distributed  # it has types for some of its names only
        self._client = client
        self._cluster = cluster
        self._recipe = recipe
        self._store = Store(store) if store else None
        self._room = room
        self._name = name
        self._lock = threading.Lock()
        self._frames: dict[str, int] = {}
        self._paces: list[float] = []
        self._running = 0
        self._seen = time.monotonic()
        self._word = library.Variable(name, client=client)
        self._word.set(GO)
        self._pauses = Pauses(lambda paused: self._tell(HOLD if paused else GO))
        client.subscribe_topic(name, self._hear)

    @property
    def slots(self) -> int:
        """Threads of all workers; what joins later takes part from the next render on."""
        workers: Mapping[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
        return max(1, sum(int(worker["nthreads"]) for worker in workers.values()))

    def run(self, task: PartTask, context: RenderContext) -> PartDone:
        """Have parts made on some worker; where that one is lost, on another."""
        with self._lock:
            self._running += 1
        try:
            return self._run(task, context)
        except CancelledError:
            self._tell(STOP)
            raise
        finally:
            with self._lock:
                self._running -= 1

    def close(self) -> None:
        """Stop what still runs, and let go of the scheduler."""
        self._pauses.close()
        self._tell(STOP)
        with contextlib.suppress(Exception):
            if self._client.status == "running":
                self._client.unsubscribe_topic(self._name)
                self._word.delete()
        with contextlib.suppress(Exception):
            self._client.close(timeout=_ENDING)
        if self._cluster is not None:
            with contextlib.suppress(Exception):
                self._cluster.close(timeout=_ENDING)

    # -- one task --------------------------------------------------------------------------------

    def _run(self, task: PartTask, context: RenderContext) -> PartDone:
        while True:
            answer = self._answer(task, context)
            if answer.missing:
                self._supply(answer.missing, answer.worker)
                continue
            for path, data in zip(task.paths, answer.parts, strict=False):
                path.write_bytes(data)
            if answer.stored:
                assert self._store is not None
                for path, name in zip(task.paths, answer.stored, strict=True):
                    self._store.take(name, path)
            assert answer.done is not None
            for warning in answer.done.warnings:
                context.warn(warning.message, warning.path, warning.hint)
            return answer.done

    def _answer(self, task: PartTask, context: RenderContext) -> Answer:
        began, told, key = time.monotonic(), 0, uuid.uuid4().hex
        futures = [self._submit(task, key)]
        try:
            while True:
                self._pauses.check(context)
                self._require_scheduler()
                for future in futures:
                    if future.done():
                        answer = self._result(future)
                        self._pace(task, time.monotonic() - began)
                        self._advance(context, task.segment.count - told)
                        return answer
                told += self._advance(context, self._heard(key, task.segment.count) - told)
                if len(futures) == 1 and self._is_slow(task, time.monotonic() - began):
                    futures += self._elsewhere(task, key, futures[0])
                time.sleep(_BEAT)
        finally:
            with self._lock:
                self._frames.pop(key, None)
            with contextlib.suppress(Exception):  # what is not needed any more
                self._client.cancel(futures, force=True)

    def _require_scheduler(self) -> None:
        """Away for a moment is well; the library would wait half a minute before it gives up."""
        now = time.monotonic()
        if self._client.status == "running":
            self._seen = now
        elif now - self._seen > _AWAY:
            raise _gone(ConnectionError(f"no connection for {_AWAY:g} s"))

    def _submit(self, task: PartTask, key: str, **where: Any) -> Any:
        store = self._store.address if self._store else ""
        order = Order(key, self._name, self._recipe, pickle.dumps(task), store, self._room)
        name = f"kadr-segment-{task.segment.index}-{uuid.uuid4().hex[:8]}"
        try:
            return self._client.submit(make, order, key=name, pure=False, priority=task.cost / 1e9, **where)
        except Exception as error:  # noqa: BLE001 - whatever the library says when its scheduler is gone
            raise _gone(error) from None

    def _result(self, future: Any) -> Answer:
        try:
            found: Answer = future.result(timeout=_ENDING)
        except KadrError:
            raise
        except Exception as error:  # noqa: BLE001 - killed workers, lost schedulers, pickles
            if type(error).__name__ == "KilledWorker":
                raise RenderError(
                    f"a segment ended every worker that it was given to: {error}",
                    hint="render with --executor threads to see what it does there",
                ) from None
            raise _gone(error) from None
        return found

    def _tell(self, word: str) -> None:
        if self._client.status != "running":  # told to nobody, and the library would wait for long
            return
        with contextlib.suppress(Exception):
            self._word.set(word, timeout=_ENDING)

    # -- numbers ---------------------------------------------------------------------------------

    def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        with self._lock:
            key = event[1]["key"]
            self._frames[key] = max(self._frames.get(key, 0), int(event[1]["frames"]))

    def _heard(self, key: str, most: int) -> int:
        with self._lock:
            return min(self._frames.get(key, 0), most)

    @staticmethod
    def _advance(context: RenderContext, frames: int) -> int:
        if frames > 0:
            context.advance(frames)
        return max(0, frames)

    def _pace(self, task: PartTask, seconds: float) -> None:
        with self._lock:
            self._paces.append(seconds / max(task.cost, 1.0))

    def _is_slow(self, task: PartTask, seconds: float) -> bool:
        """Far behind what others took for as much work, while a worker has nothing to do."""
        with self._lock:
            paces, running = sorted(self._paces), self._running
        if len(paces) < 2 or seconds < _SLOW_SECONDS or running >= self.slots:
            return False
        return seconds > _SLOW * paces[len(paces) // 2] * task.cost

    def _elsewhere(self, task: PartTask, key: str, first: Any) -> list[Any]:
        """The same task on the other workers; whichever is first counts."""
        busy = {worker for worker, keys in self._client.processing().items() if first.key in map(str, keys)}
        others = sorted(set(self._client.scheduler_info(n_workers=-1)["workers"]) - busy)
        return [self._submit(task, key, workers=others)] if others and busy else []

    # -- media -----------------------------------------------------------------------------------

    def _supply(self, missing: tuple[Media, ...], worker: str) -> None:
        if self._store is None:
            first = missing[0]
            raise MediaFileError(
                f"worker {worker} does not have this file, or has another under its path",
                path=first.path,
                hint="share the folder under the same path, or: kadr config set plugin.kadr.dask.store URL",
            )
        for media in missing:
            self._store.put(media.digest, media.path)


def _gone(error: BaseException) -> RenderError:
    return RenderError(
        f"the scheduler or its workers are gone: {type(error).__name__}: {error}",
        hint="start them and render again: finished segments are in the cache",
    )
