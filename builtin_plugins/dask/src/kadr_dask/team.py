"""One render on a scheduler's workers."""

from __future__ import annotations

import contextlib
import pickle
import time
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from kadr_sdk.backend import RenderContext
from kadr_sdk.errors import CancelledError, KadrError, MediaFileError, RenderError
from kadr_sdk.execution import Media, PartDone, PartTask

from kadr_dask.ending import let_go
from kadr_dask.line import Chunk, Line, Piece
from kadr_dask.pauses import Pauses
from kadr_dask.store import Store
from kadr_dask.worker import GO, HOLD, STOP, Answer, Order, make

__all__ = ["DaskTeam"]

_BEAT = 0.2  # seconds between two looks at a task
_AWAY = 5.0  # seconds that a scheduler may be away
_ENDING = 2.0  # seconds for workers to notice that nobody wants their work any more


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
        self._pieces: dict[str, Piece] = {}
        self._line = Line(max(1, sum(int(worker["nthreads"]) for worker in self._workers().values())))
        self._seen = time.monotonic()
        self._word = library.Variable(name, client=client)
        self._word.set(GO)
        self._pauses = Pauses(lambda paused: self._tell(HOLD if paused else GO))
        client.subscribe_topic(name, self._hear)

    @property
    def slots(self) -> int:
        """Segments at work and in line; workers that join later take part from the next render on."""
        return self._line.slots

    def run(self, task: PartTask, context: RenderContext) -> PartDone:
        """Have parts made on some worker; where that one is lost, on another."""
        piece = Piece(task, uuid.uuid4().hex)
        self._pieces[piece.key] = piece
        self._line.put([piece])
        self._fill()
        try:
            return self._home(task, self._answer(piece, context), context)
        except BaseException as error:
            if isinstance(error, CancelledError):
                self._tell(STOP)
            self._line.leave(piece)
            self._forget(piece.chunk)
            raise
        finally:
            del self._pieces[piece.key]

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
            let_go(self._cluster)

    # -- one piece -------------------------------------------------------------------------------

    def _answer(self, piece: Piece, context: RenderContext) -> Answer:
        told = 0
        while True:
            piece.stirred.wait(_BEAT)
            piece.stirred.clear()
            if piece.chunk is not None:
                self._settle(piece.chunk, context)
            if piece.error is not None:
                context.check()  # who cancels lets go of whole chunks: that is nobody's fault
                raise piece.error
            if piece.answer is not None and not piece.answer.missing:
                context.advance(max(0, piece.task.segment.count - told))
                return piece.answer
            self._pauses.check(context)
            self._require_scheduler()
            if piece.answer is not None:
                self._supply(piece.answer.missing, piece.answer.worker)
                self._again([piece])
            frames = min(piece.frames, piece.task.segment.count)
            context.advance(max(0, frames - told))
            told = max(told, frames)
            self._hurry(piece)

    def _home(self, task: PartTask, answer: Answer, context: RenderContext) -> PartDone:
        """What was made stands where it belongs."""
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

    def _require_scheduler(self) -> None:
        """Away for a moment is well; the library would wait half a minute before it gives up."""
        now = time.monotonic()
        if self._client.status == "running":
            self._seen = now
        elif now - self._seen > _AWAY:
            raise _gone(ConnectionError(f"no connection for {_AWAY:g} s"))

    # -- chunks ----------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Give every free worker a chunk."""
        while pieces := self._line.take():
            chunk = Chunk(pieces, time.monotonic())
            for piece in pieces:
                piece.chunk = chunk
            try:
                self._submit(chunk)
            except RenderError as error:
                for piece in pieces:
                    piece.settle(error=error)

    def _again(self, pieces: Collection[Piece]) -> None:
        """Once more, in some other chunk."""
        for piece in pieces:
            piece.chunk = piece.answer = None
        self._line.put(pieces)
        self._fill()

    def _submit(self, chunk: Chunk, **where: Any) -> None:
        left = chunk.left()
        tasks = {piece.key: pickle.dumps(piece.task) for piece in left}
        store = self._store.address if self._store else ""
        order = Order(tasks, self._name, self._recipe, store, self._room)
        name = f"kadr-segment-{left[0].task.segment.index}-{uuid.uuid4().hex[:8]}"
        urgent = sum(piece.cost for piece in left) / 1e9
        try:
            future = self._client.submit(make, order, key=name, pure=False, priority=urgent, **where)
            chunk.futures.append(future)
            future.add_done_callback(lambda _: chunk.stir())
        except Exception as error:  # noqa: BLE001 - whatever the library says when its scheduler is gone
            raise _gone(error) from None

    def _settle(self, chunk: Chunk, context: RenderContext) -> None:
        """Where a worker is done with it: everybody gets what is theirs, and the worker the next."""
        with chunk.lock:
            done = next((future for future in chunk.futures if future.done()), None)
            if done is None or chunk.over:
                return
            again = self._outcome(chunk, done, context)
            chunk.over = True
        if len(chunk.futures) > 1:
            self._forget(chunk)
        self._line.free()
        self._again(again)

    def _outcome(self, chunk: Chunk, future: Any, context: RenderContext) -> tuple[Piece, ...]:
        """Settles what can be; the pieces that are to be handed out once more."""
        try:
            answers = self._result(future, context)
        except Exception as error:  # noqa: BLE001 - killed workers, lost schedulers, pickles
            left = chunk.left()
            ended = type(error).__name__ == "KilledWorker"
            for piece in left:
                piece.alone = ended
                if not ended or len(chunk.pieces) == 1:
                    piece.settle(error=_ended(error) if ended else _ours(error))
        else:
            for key, answer in answers.items():
                self._know(key, answer)
        return chunk.left()

    def _result(self, future: Any, context: RenderContext) -> dict[str, Answer]:
        """Parts that come over the wire may take long; a render that ends does not wait for them."""
        patience = _ENDING
        while True:
            try:
                found: dict[str, Answer] = future.result(timeout=patience)
            except TimeoutError:
                if future.status != "finished":  # its own
                    raise
                context.check()
                self._require_scheduler()
                patience *= 2
            else:
                return found

    def _forget(self, chunk: Chunk | None) -> None:
        """Nobody wants it any more."""
        if chunk is not None:
            with contextlib.suppress(Exception):
                self._client.cancel(chunk.futures, force=True)

    def _hurry(self, piece: Piece) -> None:
        """Where the worker of a chunk is far behind, the others get it too; the first one counts."""
        chunk = piece.chunk
        if chunk is None or piece is not chunk.pieces[-1] or len(chunk.futures) != 1:
            return
        if not self._line.is_slow(chunk.left(), time.monotonic() - chunk.began):
            return
        name = chunk.futures[0].key
        busy = {worker for worker, keys in self._client.processing().items() if name in map(str, keys)}
        others = sorted(set(self._workers()) - busy)
        if others and busy:
            self._submit(chunk, workers=others)

    # -- words -----------------------------------------------------------------------------------

    def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        """What a worker tells of a piece: frames that are made, or that it stands where it belongs."""
        told = event[1]
        if "answer" in told:
            self._know(told["key"], pickle.loads(told["answer"]))  # noqa: S301 - from a worker, which runs our code
        elif (piece := self._pieces.get(told["key"])) is not None:
            piece.frames = max(piece.frames, int(told["frames"]))

    def _know(self, key: str, answer: Answer) -> None:
        piece = self._pieces.get(key)
        if piece is not None and not piece.settled:
            if answer.done is not None:
                self._line.note(piece, answer.seconds)
            piece.settle(answer)

    def _tell(self, word: str) -> None:
        if self._client.status != "running":  # told to nobody, and the library would wait for long
            return
        with contextlib.suppress(Exception):
            self._word.set(word, timeout=_ENDING)

    def _workers(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
        return found

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


def _ours(error: Exception) -> KadrError:
    return error if isinstance(error, KadrError) else _gone(error)


def _ended(error: Exception) -> RenderError:
    return RenderError(
        f"a segment ended every worker that it was given to: {error}",
        hint="render with --executor threads to see what it does there",
    )


def _gone(error: BaseException) -> RenderError:
    return RenderError(
        f"the scheduler or its workers are gone: {type(error).__name__}: {error}",
        hint="start them and render again: finished segments are in the cache",
    )
