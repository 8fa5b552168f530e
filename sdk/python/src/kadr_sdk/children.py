"""A child process of our own interpreter that speaks in messages and can be ended at any moment.

For what must not take the whole process down with it, or needs an interpreter of its own::

    with Child("kadr_something.child") as child:
        child.send({"do": "work"}, data)
        head, body = child.receive(timeout=10)

The module's ``main`` speaks through :class:`Parent`. Where the parent goes, the child finds its
input at an end and goes too.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import IO, Any, Self

from kadr_sdk.wire import WireError, receive, send

__all__ = ["Child", "ChildEndedError", "Parent"]

_QUEUED = 8  # messages read ahead
_WORDS = 2000  # bytes of its error output that are told


class ChildEndedError(Exception):
    """The child is gone. ``str()`` says how, ``words`` the end of what it wrote about it."""

    def __init__(self, message: str, words: str = "") -> None:
        super().__init__(message)
        self.words = words


class Child:
    """One process; used by one thread at a time, but :meth:`kill` from any.

    Args:
        module: run as ``python -m``; it must be importable from this process's path.
        arguments: for its command line.
        most: bytes of the largest message body that is taken from it.
        environ: instead of this process's.
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        most: int = 1 << 28,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
        self._most = most
        environment = dict(os.environ if environ is None else environ)
        # So that a child finds what its parent did, in a zipped application too.
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        self.process = subprocess.Popen(  # noqa: S603 - our own module in our own interpreter
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            env=environment,
            start_new_session=os.name != "nt",  # so that Ctrl-C on the terminal is the parent's
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self._read: queue.Queue[tuple[dict[str, Any], bytes] | None] = queue.Queue(_QUEUED)
        self._closing = threading.Event()
        self._reader = threading.Thread(target=self._listen, name=f"kadr-child-{module}", daemon=True)
        self._reader.start()

    def send(self, head: Mapping[str, Any], body: bytes = b"") -> None:
        """Send a message.

        Raises:
            ChildEndedError: nobody is there.
        """
        assert self.process.stdin is not None
        try:
            send(self.process.stdin, head, body)
        except WireError:
            raise self._ended() from None

    def receive(self, timeout: float | None = None) -> tuple[dict[str, Any], bytes]:
        """The next message.

        Raises:
            TimeoutError: none came in so many seconds; the child goes on.
            ChildEndedError: none will come.
        """
        try:
            found = self._read.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError from None
        if found is None:
            self._read.put(None)
            raise self._ended()
        return found

    def kill(self) -> None:
        """End it now, whatever it does. Safe from any thread."""
        self.process.kill()

    def close(self) -> None:
        """End it and everything that belongs to it."""
        self._closing.set()
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdin, self.process.stdout, self._words):
            with contextlib.suppress(OSError, AttributeError):
                stream.close()  # type: ignore[union-attr]  # None is suppressed

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        message: tuple[dict[str, Any], bytes] | None
        while not self._closing.is_set():
            try:
                message = receive(self.process.stdout, self._most)
            except WireError:
                message = None
            self._put(message)
            if message is None:
                return

    def _put(self, message: tuple[dict[str, Any], bytes] | None) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(queue.Full):
                self._read.put(message, timeout=0.2)
                return

    def _ended(self) -> ChildEndedError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1)  # its output is closed a moment before it is gone
        self.process.kill()
        code = self.process.wait()
        self._words.seek(max(0, self._words.seek(0, os.SEEK_END) - _WORDS))
        return ChildEndedError(_how(code), self._words.read().decode("utf-8", "replace").strip())


class Parent:
    """The other side, for the child's ``main``. Prints go to the error output from now on."""

    def __init__(self, most: int = 1 << 28) -> None:
        self._in = sys.stdin.buffer
        # A copy of the descriptor: whatever prints, a library in C too, does not speak to the parent.
        self._out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        self._most = most

    def send(self, head: Mapping[str, Any], body: bytes = b"") -> None:
        """Send a message.

        Raises:
            WireError: the parent is gone.
        """
        send(self._out, head, body)

    def receive(self) -> tuple[dict[str, Any], bytes]:
        """The next message.

        Raises:
            WireError: the parent is gone.
        """
        return receive(self._in, self._most)


def _how(code: int) -> str:
    if code >= 0:
        return f"the process ended with code {code}"
    with contextlib.suppress(ValueError):
        return f"the process was ended by {signal.Signals(-code).name}"
    return f"the process was ended by signal {-code}"
