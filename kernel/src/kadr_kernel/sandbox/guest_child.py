"""The process of a guest: it holds one machine, and does what it is told.

``python -P -m kadr_kernel.sandbox.guest_child``, messages on its input and output. It has no
rights of its own to give: what a guest asks of the host goes back to kadr, which decides.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import IO, Any

__all__ = ["main"]

_ROOM = 512 << 20  # for Python and the engine, besides the guest's own memory


def main() -> int:
    """Serve until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for kadr, which ends us
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not print into the messages
    from kadr_sdk.wire import WireError

    try:
        _Child(sys.stdin.buffer, outgoing).serve()
    except WireError:
        return 0
    return 0


class _Child:
    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        from kadr_kernel.sandbox.shared import Shared

        self._in, self._out = incoming, outgoing
        self._machine: Any = None
        self._shared: Shared | None = None

    def serve(self) -> None:
        """One message after the other."""
        from kadr_sdk.wire import receive, send

        from kadr_kernel.sandbox.faults import GuestError

        while True:
            head, body = receive(self._in, 1 << 30)
            try:
                answer = getattr(self, f"_{head['do']}")(head, body)
            except GuestError as error:
                answer = {"error": [error.kind, str(error)]}
            send(self._out, answer | {"size": self._machine.size if self._machine is not None else 0})

    # -- HostHandler: what a guest asks goes to kadr ---------------------------------------------

    def answer(
        self, name: str, numbers: Sequence[int], given: Sequence[bytes], capacity: int
    ) -> tuple[int, bytes]:
        """As :class:`~kadr_kernel.sandbox.host_link.HostHandler`."""
        from kadr_sdk.wire import receive, send

        from kadr_kernel.sandbox.host_link import MOST_BYTES

        asked = {"host": name, "numbers": list(numbers), "lengths": [len(one) for one in given]}
        send(self._out, asked | {"capacity": capacity}, b"".join(given))
        head, body = receive(self._in, MOST_BYTES)
        return int(head["status"]), body

    def violated(self, name: str) -> None:
        """Tell kadr."""
        from kadr_sdk.wire import send

        send(self._out, {"violated": name})

    # -- what kadr says --------------------------------------------------------------------------

    def _start(self, head: dict[str, Any], native: bytes) -> dict[str, Any]:
        from kadr_kernel.sandbox.engine import Engines
        from kadr_kernel.sandbox.limits import Limits
        from kadr_kernel.sandbox.loading import deserialized
        from kadr_kernel.sandbox.machine import LocalCode
        from kadr_kernel.sandbox.module import ModuleFacts

        _limit(int(head["memory"]) + _ROOM)
        limits = Limits(**head["limits"])
        facts = ModuleFacts(0, b"", frozenset(head["functions"]), 0, tuple(head["imports"]))
        engine, ticker = Engines().get(guarded=True)
        module = deserialized(engine, native, facts.imports)
        code = LocalCode(module, engine, ticker, facts, limits, guarded=True)
        self._machine = code.start(int(head["memory"]), self)
        return {}

    def _call(self, head: dict[str, Any], _body: bytes) -> dict[str, Any]:
        self._write(head, b"")
        value = self._machine.call(head["name"], *head["arguments"], seconds=head["seconds"])
        self._read(head, b"")
        return {"value": value}

    def _write(self, head: dict[str, Any], _body: bytes) -> dict[str, Any]:
        for pointer, size, at in head["writes"]:
            if at < 0:
                self._machine.clear(pointer, size)
            else:
                self._machine.room(pointer, size)[...] = self._block(head).view(at, size)
        return {}

    def _read(self, head: dict[str, Any], _body: bytes) -> dict[str, Any]:
        at = 0
        for pointer, size in head["blocks"]:
            (found,) = self._machine.read([(pointer, size)])
            self._block(head).view(at, size)[...] = found
            at += size
        return {}

    def _block(self, head: dict[str, Any]) -> Any:
        from kadr_kernel.sandbox.shared import Shared

        if self._shared is None or self._shared.name != head["shared"]:
            if self._shared is not None:
                self._shared.close()
            self._shared = Shared(name=head["shared"])
        return self._shared


def _limit(size: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: the engine's limit on the guest's memory is the only one
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # address space that is only reserved does not count there
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


if __name__ == "__main__":
    raise SystemExit(main())
