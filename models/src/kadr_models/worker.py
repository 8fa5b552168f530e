"""The process that runs a stranger's model: ``python -m kadr_models.worker MEMORY``.

Its first message says what to load, each further one brings inputs. It ends when its input
does, even in the middle of a call, so that no worker outlives its host; the host kills it
when it takes too long. Where the system knows limits it may write no files and have no more
than ``MEMORY`` bytes (0: any).
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from typing import IO, Any

from kadr_sdk.errors import KadrError, ModelError

from kadr_models.channel import ChannelError, receive, send
from kadr_models.runtime import Loaded, Wish, load

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Serve until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not land between messages
    questions: queue.Queue[tuple[dict[str, Any], list[Any]]] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, questions), daemon=True).start()
    try:
        _serve(questions, answers, int(arguments[0]))
    except ChannelError:
        return 0
    return 0


def _listen(pipe: IO[bytes], questions: queue.Queue[tuple[dict[str, Any], list[Any]]]) -> None:
    """Messages into the queue; the end of the input ends the process at once."""
    try:
        while True:
            questions.put(receive(pipe))
    except ChannelError:
        os._exit(0)


def _serve(questions: queue.Queue[tuple[dict[str, Any], list[Any]]], answers: IO[bytes], memory: int) -> None:
    message, _ = questions.get()
    loaded: Loaded | None = None
    try:
        from kadr_models.providers import load_runtime

        load_runtime()
        _limit(memory)
        loaded = load(Wish(**message))
        send(answers, _described(loaded))
    except Exception as error:  # noqa: BLE001 - whatever it is, the host is told
        send(answers, _failure(error))
        return
    while True:
        message, arrays = questions.get()
        try:
            found = loaded.run(dict(zip(message["names"], arrays, strict=True)))
            send(answers, {}, found)
        except ChannelError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            send(answers, _failure(error))


def _described(loaded: Loaded) -> dict[str, Any]:
    tensors = {
        side: [[t.name, t.dtype, list(t.shape)] for t in getattr(loaded, side)]
        for side in ("inputs", "outputs")
    }
    return {**tensors, "provider": loaded.provider}


def _failure(error: Exception) -> dict[str, Any]:
    if not isinstance(error, KadrError):
        kind = "out of memory" if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}"
        error = ModelError(f"the model failed: {kind}")
    return {"error": error.code, "message": error.message, "hint": error.hint}


def _limit(memory: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: the host's clock is the limit
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if memory and sys.platform == "linux":  # macOS counts reserved address space and would refuse to start
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
