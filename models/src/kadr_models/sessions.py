"""Sessions: a model in this process, or in one that can be killed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import KadrError, ModelError, TimeoutExceededError, error_codes
from kadr_sdk.models import Tensor
from kadr_sdk.text import printable

from kadr_models.channel import ChannelError, receive, send
from kadr_models.runtime import Loaded, Wish, check_feeds, load

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["InnerSession", "WorkerSession"]


class InnerSession:
    """A model that kadr knows, in this process. Satisfies :class:`kadr_sdk.models.ModelSession`.

    On processors one call has one thread and several calls run at once: that keeps them busier
    than one call that is split.
    """

    def __init__(self, path: str, provider: str, threads: int, *, gpu: bool) -> None:
        self._loaded: Loaded | None = load(Wish(path, provider, 1, gpu))
        self.inputs, self.outputs = self._loaded.inputs, self._loaded.outputs
        self.provider = self._loaded.provider
        self.parallel = threads if self.provider == "cpu" else 2

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """The outputs, in order."""
        loaded = self._loaded
        if loaded is None:
            raise ModelError("the session is closed")
        return loaded.run(feeds)

    def close(self) -> None:
        """Let go of it."""
        self._loaded = None


class WorkerSession:
    """A stranger's model in a process of its own. Satisfies :class:`kadr_sdk.models.ModelSession`.

    Args:
        seconds: that loading, or one call, may take.
        memory: bytes that the process may have, 0: any (graphics drivers reserve too much to count).
    """

    parallel = 1

    def __init__(self, wish: Wish, *, seconds: float, memory: int) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._process = subprocess.Popen(  # noqa: S603 - our own module in our own interpreter
            [sys.executable, "-P", "-m", "kadr_models.worker", str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            facts, _ = self._ask(asdict(wish), [], "loading the model")
            self.inputs, self.outputs = _tensors(facts["inputs"]), _tensors(facts["outputs"])
            self.provider = str(facts["provider"])
        except (KeyError, TypeError, ValueError) as error:
            self.close()
            raise ModelError("the worker says nothing of the model", path=wish.path) from error
        except BaseException:
            self.close()
            raise

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """The outputs, in order."""
        check_feeds(self.inputs, feeds)
        _, found = self._ask({"names": list(feeds)}, list(feeds.values()), "the model")
        if len(found) != len(self.outputs):
            raise ModelError(f"{len(found)} outputs came, {len(self.outputs)} were declared")
        return found

    def close(self) -> None:
        """End the process."""
        process = self._process
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _ask(
        self, message: Mapping[str, Any], arrays: list[NDArray[Any]], what: str
    ) -> tuple[dict[str, Any], list[NDArray[Any]]]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with self._lock, self._watched(what):
            try:
                send(stdin, message, arrays)
                answer, found = receive(stdout)
            except ChannelError as error:
                raise ModelError(
                    "the process of the model ended", hint="it may have used more memory than it may have"
                ) from error
        if "error" in answer:
            raise _error(answer)
        return answer, found

    @contextmanager
    def _watched(self, what: str) -> Iterator[None]:
        """Kill the process after the time that it has."""
        over = threading.Event()

        def stop() -> None:
            over.set()
            self._process.kill()

        timer = threading.Timer(self._seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            yield
        except ModelError as error:
            if not over.is_set():
                raise
            raise TimeoutExceededError(
                f"{what} took more than {self._seconds:g} s and was stopped",
                hint="raise the setting seconds of kadr.models if it is only slow",
            ) from error
        finally:
            timer.cancel()


def _tensors(rows: Any) -> tuple[Tensor, ...]:
    return tuple(Tensor(str(n), str(d), tuple(int(s) for s in shape)) for n, d, shape in rows)


def _error(answer: Mapping[str, Any]) -> KadrError:
    """The worker's error; its words are a stranger's."""
    kind = error_codes().get(str(answer["error"]), ModelError)
    kind = kind if kind.__init__ is KadrError.__init__ else ModelError
    return kind(printable(answer.get("message", ""), 600), hint=printable(answer.get("hint", ""), 300))
