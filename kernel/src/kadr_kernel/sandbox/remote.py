"""A guest in a process of its own: killed where it does not answer, and gone where it crashes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kadr_sdk.text import printable
from kadr_sdk.wire import WireError, receive, send

from kadr_kernel.sandbox.faults import GuestError
from kadr_kernel.sandbox.host_link import MOST_BYTES, HostHandler
from kadr_kernel.sandbox.host_table import FAILED, HOST_FUNCTIONS
from kadr_kernel.sandbox.limits import Limits
from kadr_kernel.sandbox.machine import Machine
from kadr_kernel.sandbox.module import ModuleFacts
from kadr_kernel.sandbox.shared import Shared
from kadr_kernel.sandbox.watchdog import Watchdog

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RemoteCode", "RemoteMachine"]

_GRACE = 1.0  # seconds beyond the deadline that the process keeps itself
_DYING = 0.2
_LOADING = 60.0  # seconds for Python and the engine to be there, on a machine with much else to do
_FIRST, _MOST_WRITES = 1 << 20, 1_000
_KINDS = ("trap", "deadline", "stack", "memory", "start", "abi")
_ENVIRONMENT = ("PATH", "SYSTEMROOT", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "TMPDIR", "TEMP", "TMP")


@dataclass(frozen=True, slots=True)
class RemoteCode:
    """:class:`~kadr_kernel.sandbox.machine.Code` that runs in processes, always with a deadline."""

    native: bytes
    facts: ModuleFacts
    limits: Limits
    watchdog: Watchdog

    def start(self, memory_bytes: int, handler: HostHandler | None = None) -> Machine:
        """A machine in a new process."""
        return RemoteMachine(self, memory_bytes, handler)


class RemoteMachine:
    """A :class:`~kadr_kernel.sandbox.machine.Machine` in a process of its own.

    What is written waits in shared memory for the next call. Numbers that come back are a
    guest's: the caller checks them as if it had run here.

    Raises:
        GuestError: it does not start.
    """

    def __init__(self, code: RemoteCode, memory_bytes: int, handler: HostHandler | None) -> None:
        self._code = code
        self._handler = handler
        self._shared = _shared(_FIRST)
        self._writes: list[tuple[int, int, int]] = []
        self._expected: list[tuple[int, int]] = []
        self._there: list[tuple[int, int]] = []
        self._used = self._wanted = 0
        self._late = False
        self._raised: BaseException | None = None
        self.size = 0
        try:
            self.process = _spawned()
        except OSError as error:
            self._shared.close()
            raise GuestError("start", f"its process cannot be started: {error.strerror or error}") from None
        try:
            facts, limits = code.facts, asdict(code.limits)
            head = {"do": "start", "memory": memory_bytes, "limits": limits}
            head |= {"functions": sorted(facts.functions), "imports": list(facts.imports)}
            self._ask(head, code.limits.start_seconds + _LOADING, code.native)
        except BaseException:
            self.close()
            raise

    def call(self, name: str, *arguments: int, seconds: float) -> int:
        """Call a function there, after all that was written."""
        head = {"do": "call", "name": name, "arguments": arguments, "seconds": seconds}
        blocks, self._expected, self._there = self._expected, [], []
        found = self._ask(head | {"blocks": blocks} | self._pending(), seconds + _GRACE)
        self._there = blocks
        if self._wanted > self._shared.size:
            self._grow(self._wanted)
        self._wanted = 0
        return int(found["value"]) & 0xFFFF_FFFF

    def room(self, pointer: int, size: int) -> NDArray[np.uint8]:
        """Shared memory that is copied to its place with the next message."""
        self._wanted += size
        if self._used + size > self._shared.size or len(self._writes) >= _MOST_WRITES:
            self._flush()
            if size > self._shared.size:
                self._grow(size)
        self._there = []
        at, self._used = self._used, self._used + size
        self._writes.append((pointer, size, at))
        return self._shared.view(at, size)

    def clear(self, pointer: int, size: int) -> None:
        """Zeros, made there."""
        if len(self._writes) >= _MOST_WRITES:
            self._flush()
        self._writes.append((pointer, size, -1))

    def expect(self, blocks: Sequence[tuple[int, int]]) -> None:
        """Copies that come with the answer of the next call, where there is room for them."""
        if sum(size for _, size in blocks) <= self._shared.size:
            self._expected = list(blocks)

    def read(self, blocks: Sequence[tuple[int, int]]) -> list[NDArray[np.uint8]]:
        """Copies in shared memory."""
        if self._writes or list(blocks) != self._there:
            self._fetch(blocks)
        found, at = [], 0
        for _, size in blocks:
            found.append(self._shared.view(at, size))
            at += size
        return found

    def close(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self.process.wait()
        self._shared.close()

    # -- messages --------------------------------------------------------------------------------

    def _pending(self) -> dict[str, Any]:
        writes, self._writes, self._used = self._writes, [], 0
        return {"writes": writes, "shared": self._shared.name}

    def _flush(self) -> None:
        if self._writes:
            self._ask({"do": "write"} | self._pending(), _GRACE + 10.0)

    def _fetch(self, blocks: Sequence[tuple[int, int]]) -> None:
        self._flush()
        total = sum(size for _, size in blocks)
        if total > self._shared.size:
            self._grow(total)
        self._ask({"do": "read", "blocks": blocks, "shared": self._shared.name}, _GRACE + 10.0)

    def _grow(self, size: int) -> None:
        self._there = []
        old, self._shared = self._shared, _shared(size)
        old.close()

    def _ask(self, head: dict[str, Any], seconds: float, body: bytes = b"") -> dict[str, int]:
        """Send a message, answer what the guest asks meanwhile, and give what comes back."""
        incoming, outgoing = self.process.stdout, self.process.stdin
        assert incoming is not None
        assert outgoing is not None
        try:
            with self._code.watchdog.watching(seconds, self._bite):
                send(outgoing, head, body)
                while True:
                    found, data = receive(incoming, MOST_BYTES)
                    if "host" in found or "violated" in found:
                        self._serve(found, data)
                    else:
                        break
            return self._checked(found)
        except (WireError, LookupError, TypeError, ValueError, ArithmeticError):
            raise self._fault() from None
        finally:
            raised, self._raised = self._raised, None
            if raised is not None:
                raise raised

    def _serve(self, asked: dict[str, Any], data: bytes) -> None:
        """A host function: decided here, where the rights are."""
        handler, name = self._handler, str(asked.get("host", asked.get("violated")))
        if handler is None or self.process.stdin is None or name not in self._code.facts.imports:
            raise WireError("it asks what it did not import")
        if "violated" in asked:
            handler.violated(name)
            return
        given, at = [], 0
        for length in asked["lengths"]:
            given.append(data[at : at + int(length)])
            at += int(length)
        numbers = [int(number) & 0xFFFF_FFFF for number in asked["numbers"]]
        capacity = max(0, min(int(asked["capacity"]), MOST_BYTES))
        kinds = HOST_FUNCTIONS[name].parameters
        if (len(given), len(numbers)) != (kinds.count("in"), kinds.count("number")):
            raise WireError("it asks with other arguments than it has")
        try:
            status, answer = handler.answer(name, numbers, given, capacity)
        except BaseException as error:  # noqa: BLE001 - told when the guest has returned, as it is here
            self._raised = self._raised or error
            status, answer = FAILED, b""
        send(self.process.stdin, {"status": status}, answer[:capacity])

    def _checked(self, found: dict[str, Any]) -> dict[str, int]:
        self.size = max(0, min(int(found["size"]), 1 << 32))
        if "error" in found:
            kind, words = found["error"]
            raise GuestError(str(kind) if kind in _KINDS else "crash", printable(words, 1000))
        return {"value": int(found.get("value", 0))}

    def _bite(self) -> None:
        self._late = True
        self.process.kill()

    def _fault(self) -> GuestError:
        """Why there is no answer."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_DYING)  # one that crashes has gone silent before it is gone
        self.process.kill()
        code = self.process.wait()
        if self._late:
            return GuestError("deadline", "it ran longer than it may, and its process was ended")
        if code >= 0:
            return GuestError("crash", f"its process ended with code {code}")
        with contextlib.suppress(ValueError):
            return GuestError("crash", f"its process was ended by {signal.Signals(-code).name}")
        return GuestError("crash", f"its process was ended by signal {-code}")


def _shared(size: int) -> Shared:
    try:
        return Shared(size)
    except OSError as error:
        text = f"there are no {size >> 20} MiB of shared memory for its frames: {error.strerror or error}"
        raise GuestError("memory", text) from None


def _spawned() -> subprocess.Popen[bytes]:
    """A new interpreter, not a copy of this one; with no more of the environment than it needs."""
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    environment["OPENBLAS_NUM_THREADS"] = "1"
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # on Windows
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "kadr_kernel.sandbox.guest_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=os.name != "nt",  # so that Ctrl-C on the terminal is kadr's
        creationflags=flags,
    )
