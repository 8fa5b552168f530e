"""The kernel's own executors: threads of this process, and processes beside it."""

from __future__ import annotations

import contextlib
import pickle
import queue
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # listing executors imports nothing that renders
    from kadr_sdk.backend import RenderContext
    from kadr_sdk.children import Child
    from kadr_sdk.execution import Crew, PartDone, PartTask, Team

__all__ = ["Processes", "Threads"]

_TRIES = 3  # a task whose process died is given to so many, then it is the task's fault
_PATIENCE = 120.0  # seconds for a process to boot, on a machine with much else to do
_BEAT = 0.2  # seconds between two looks at whether the job still wants the work


class Threads:
    """Satisfies :class:`kadr_sdk.execution.Executor`: tasks run in the threads that bring them."""

    def open(self, crew: Crew) -> Team:
        """Nothing to prepare."""
        return _Here(crew)


class _Here:
    def __init__(self, crew: Crew) -> None:
        self.slots = crew.workers
        self._crew = crew

    def run(self, task: PartTask, context: RenderContext) -> PartDone:
        with self._crew.reserve(task):
            return self._crew.here(task, context)

    def close(self) -> None:
        return


class Processes:
    """Satisfies :class:`kadr_sdk.execution.Executor`: a process for each worker.

    A crash of a codec or of an effect costs a segment's work, which another process does again;
    effects in Python run in parallel.
    """

    def open(self, crew: Crew) -> Team:
        """Processes start with the first tasks."""
        return _Processes(crew)


class _Processes:
    def __init__(self, crew: Crew) -> None:
        self.slots = crew.workers
        self._crew = crew
        self._recipe = pickle.dumps(crew.recipe())
        self._lock = threading.Lock()
        self._free: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._all: set[_Worker] = set()
        self._closed = False

    def run(self, task: PartTask, context: RenderContext) -> PartDone:
        from kadr_sdk.children import ChildEndedError
        from kadr_sdk.errors import RenderError

        how = ""
        for _ in range(_TRIES):
            context.check()
            worker = self._take()
            try:
                with self._crew.reserve(task):
                    done = worker.run(task, context)
            except ChildEndedError as ended:
                self._drop(worker)
                how = f"{ended}{': ' + ended.words.splitlines()[-1][:300] if ended.words else ''}"
                continue
            except BaseException:
                self._drop(worker)  # it may still be at work on what nobody wants any more
                raise
            self._free.put(worker)
            return done
        raise RenderError(
            f"segment {task.segment.index} ended {_TRIES} processes that worked on it; {how}",
            hint="render with --executor threads to see what it does there, or leave out its effects",
        )

    def close(self) -> None:
        with self._lock:
            self._closed = True
            workers, self._all = self._all, set()
        for worker in workers:
            worker.close()

    def _take(self) -> _Worker:
        with contextlib.suppress(queue.Empty):
            return self._free.get_nowait()
        worker = _Worker(self._recipe)
        with self._lock:
            if not self._closed:
                self._all.add(worker)
                return worker
        worker.close()
        from kadr_sdk.errors import CancelledError

        raise CancelledError("the render is over")

    def _drop(self, worker: _Worker) -> None:
        with self._lock:
            self._all.discard(worker)
        worker.close()


class _Worker:
    """One process: boots a kernel with the first task, and keeps it for the next."""

    def __init__(self, recipe: bytes) -> None:
        from kadr_sdk.children import Child

        self._child: Child = Child("kadr_kernel.worker")
        self._recipe = recipe
        self._ready = False

    def run(self, task: PartTask, context: RenderContext) -> PartDone:
        if not self._ready:
            self._child.send({"do": "open"}, self._recipe)
            self._wait(context, _PATIENCE)
            self._ready = True
        self._child.send({"do": "run"}, pickle.dumps(task))
        done: PartDone = self._wait(context, None)
        for warning in done.warnings:
            context.warn(warning.message, warning.path, warning.hint)
        return done

    def close(self) -> None:
        self._child.close()

    def _wait(self, context: RenderContext, patience: float | None) -> Any:
        """Answer its reports until it is done; it goes on only while ``context`` lets it."""
        waited = 0.0
        while True:
            context.check()
            try:
                head, body = self._child.receive(timeout=_BEAT)
            except TimeoutError:
                waited += _BEAT
                if patience is not None and waited > patience:
                    self._child.kill()
                continue
            if "advance" in head:
                context.advance(int(head["advance"]))
                context.check()  # waits here while the job is paused, and so does the process
                self._child.send({"do": "go on"})
                continue
            found = pickle.loads(body)  # noqa: S301 - from our own code, with our own rights
            if "error" in head:
                raise found
            return found
