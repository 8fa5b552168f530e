"""A data guest in a process of its own, from both sides.

Whatever the guest does (never ends its start, eats memory, breaks its engine), the process can be
ended, and the next call meets a new one.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from kadr_sdk.children import Child, ChildEndedError, Parent
from kadr_sdk.data_guests import DataTerms, GuestRefusedError
from kadr_sdk.errors import PluginError
from kadr_sdk.text import printable
from kadr_sdk.wire import WireError

__all__ = ["GuestFaultError", "GuestProcess", "serve"]

_GRACE = 1.0  # seconds beyond a deadline that the process keeps by itself
_ALONE = 5.0  # seconds beyond it after which the process ends itself: its parent may have been killed
_LOADING = 60.0  # seconds for Python and the engine to be there, on a machine with much else to do
_QUESTION = 256 << 20  # bytes of a call's data
_ROOM = 512 << 20  # bytes for Python and the engine, besides the guest's own memory
_WORDS = 2000
_ENVIRONMENT = ("PATH", "SYSTEMROOT", "PYTHONHOME", "LD_LIBRARY_PATH", "TMPDIR", "TEMP", "TMP")


class GuestFaultError(Exception):
    """In the child: the guest did what it may not; ``str()`` says what."""


class GuestProcess:
    """Satisfies :class:`~kadr_sdk.data_guests.DataGuest`.

    Args:
        module: whose ``main`` calls :func:`serve`.
        code: gives what is handed to the child with the start; asked when that is needed.
        start: what else it is told.
        environ: variables besides the few that an interpreter needs.
    """

    def __init__(
        self,
        module: str,
        code: Callable[[], bytes],
        terms: DataTerms,
        start: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._module, self._code, self._terms = module, code, terms
        self._start = dict(start or {})
        kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        self._environ = kept | dict(environ or {})
        self._lock = threading.Lock()
        self._child: Child | None = None

    def call(self, function: str, data: bytes) -> bytes:
        """Call a function of the guest; the process is started where there is none."""
        if len(data) > _QUESTION:
            text = f"it is given {len(data) / 1e6:.0f} MB, and no guest takes more than {_QUESTION >> 20} MiB"
            raise self._wrong(text, "give it less: a shorter film, or one with fewer rows")
        with self._lock:
            if self._child is None:
                self._child = self._started()
            terms = self._terms
            head = {"do": "call", "function": function, "seconds": terms.call_seconds}
            found, body = self._ask(self._child, head, data, terms.call_seconds + _GRACE, "it ran")
            if "refused" in found:
                raise GuestRefusedError(printable(found["refused"], _WORDS))
            return body

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _started(self) -> Child:
        code = self._code()
        try:
            self._child = Child(self._module, most=self._terms.output_bytes, environ=self._environ)
        except OSError as error:
            raise self._wrong(f"its process cannot be started: {error.strerror or error}") from None
        seconds = self._terms.start_seconds
        head = {"do": "start", "seconds": seconds, "memory": self._terms.memory_bytes}
        head |= {
            "call_seconds": self._terms.call_seconds,
            "output": self._terms.output_bytes,
            "settings": dict(self._terms.settings),
        }
        # The engine is there before the clock of the guest's own start begins to run.
        self._ask(self._child, {"do": "load"}, b"", _LOADING, "its engine loaded")
        self._ask(self._child, head | self._start, code, seconds + _GRACE, "it started")
        return self._child

    def _ask(
        self, child: Child, head: Mapping[str, Any], data: bytes, seconds: float, doing: str
    ) -> tuple[dict[str, Any], bytes]:
        try:
            child.send(head, data)
            found, body = child.receive(seconds)
        except TimeoutError:
            self._fail(f"{doing} longer than it may, and its process was ended")
        except ChildEndedError as error:
            self._fail(f"{error}{': ' if error.words else ''}{printable(error.words, 300)}")
        except BaseException:  # Ctrl-C: what it would answer is for nobody
            self._end()
            raise
        if "fault" in found:
            self._fail(printable(found["fault"], _WORDS))
        return found, body

    def _fail(self, reason: str) -> NoReturn:
        self._end()
        raise self._wrong(reason) from None

    def _wrong(
        self, reason: str, hint: str = "report this to its author, with what it was given"
    ) -> PluginError:
        terms = self._terms
        text = f"the guest of {terms.name} in plugin {terms.plugin} failed: {reason}"
        return PluginError(text, hint=hint, plugin=terms.plugin)

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close()


_Calls = Callable[[str, bytes, float], bytes]


def serve(load: Callable[[], object], start: Callable[[Mapping[str, Any], bytes], _Calls]) -> int:
    """The child's ``main``: serve until the parent is gone; the exit code.

    Args:
        load: imports the engine.
        start: makes the guest of what the parent says and its code; what it returns is called with
            function, data and seconds. Both raise :class:`GuestFaultError`, calls also
            :class:`~kadr_sdk.data_guests.GuestRefusedError`.
    """
    parent = Parent()
    calls: _Calls | None = None
    most = 0
    try:
        while True:
            head, data = parent.receive()
            body = b""
            try:
                if head["do"] == "load":
                    load()
                elif head["do"] == "start":
                    most = int(head["output"])
                    _limit(int(head["memory"]) + _ROOM)
                    with _ending_after(float(head["seconds"]) + _ALONE):
                        calls = start(head, data)
                elif calls is not None:
                    seconds = float(head["seconds"])
                    with _ending_after(seconds + _ALONE):
                        body = calls(str(head["function"]), data, seconds)
                if len(body) > most > 0:
                    raise GuestFaultError(f"its answer has {len(body)} bytes, and may have {most}")
                parent.send({}, body)
            except GuestRefusedError as error:
                parent.send({"refused": str(error)[:_WORDS]})
            except GuestFaultError as error:
                parent.send({"fault": str(error)[:_WORDS]})
            except WireError:
                raise
            except Exception as error:  # noqa: BLE001 - bindings may raise anything at what a guest says
                parent.send({"fault": f"{type(error).__name__}: {error}"[:_WORDS]})
    except WireError:
        return 0


@contextmanager
def _ending_after(seconds: float) -> Iterator[None]:
    """End this process where a block takes longer, whatever code it is in; where the system can."""
    if sys.platform != "win32":
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        if sys.platform != "win32":
            signal.setitimer(signal.ITIMER_REAL, 0)


def _limit(size: int) -> None:
    """Hold this process to so many bytes of data, and let it write no core, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the engine's limit on the guest's memory is the only one
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # address space that is only reserved does not count there
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
