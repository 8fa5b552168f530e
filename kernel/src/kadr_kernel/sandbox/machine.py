"""What an instance of a guest is made of: its store, its memory, its functions. It knows no pictures."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import wasmtime

from kadr_kernel.sandbox.calls import Function, fault_of
from kadr_kernel.sandbox.engine import Ticker
from kadr_kernel.sandbox.host_link import HostHandler, HostLink
from kadr_kernel.sandbox.limits import Limits
from kadr_kernel.sandbox.memory import Memory
from kadr_kernel.sandbox.module import EXPORTS, ModuleFacts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Code", "LocalCode", "LocalMachine", "Machine"]


class Code(Protocol):
    """Compiled code of a guest, shared by all its instances and threads."""

    @property
    def facts(self) -> ModuleFacts:
        """What the module said of itself."""
        ...

    @property
    def limits(self) -> Limits:
        """What an instance may use."""
        ...

    def start(self, memory_bytes: int, handler: HostHandler | None = None) -> Machine:
        """A new instance's machine.

        Args:
            memory_bytes: how large its memory may grow.
            handler: answers the host functions that it imports; needed where it imports any.

        Raises:
            GuestError: it does not start.
        """
        ...


@dataclass(frozen=True, slots=True)
class LocalCode:
    """:class:`Code` that runs in this process, with or without a deadline."""

    module: wasmtime.Module
    engine: wasmtime.Engine
    ticker: Ticker
    facts: ModuleFacts
    limits: Limits
    guarded: bool

    def start(self, memory_bytes: int, handler: HostHandler | None = None) -> Machine:
        """A machine here."""
        return LocalMachine(self, memory_bytes, handler)


class Machine(Protocol):
    """A started guest, here or in a process of its own. In one hand at a time.

    Nothing is checked but what the machine itself needs: pointers are for its caller to check,
    against :attr:`size`.
    """

    @property
    def size(self) -> int:
        """Bytes of linear memory after the last call; memory never shrinks."""
        ...

    def call(self, name: str, *arguments: int, seconds: float) -> int:
        """Call a function of :data:`~kadr_kernel.sandbox.module.EXPORTS`; an unsigned number.

        Raises:
            GuestError: it trapped, or ran longer than ``seconds``.
        """
        ...

    def room(self, pointer: int, size: int) -> NDArray[np.uint8]:
        """Bytes to write before the next call, which sees them at ``pointer``. Never kept."""
        ...

    def clear(self, pointer: int, size: int) -> None:
        """Zeros."""
        ...

    def expect(self, blocks: Sequence[tuple[int, int]]) -> None:
        """Say what will be read after the next call, so that it comes with the answer."""
        ...

    def read(self, blocks: Sequence[tuple[int, int]]) -> list[NDArray[np.uint8]]:
        """What stands at (pointer, size) now; copied or dropped before the next call."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class LocalMachine:
    """A :class:`Machine` in this process.

    The engine would end the process where two threads call it at once.

    Args:
        memory_bytes: how large its memory may grow.
        handler: answers the host functions that it imports; needed where it imports any.

    Raises:
        GuestError: it does not start.
    """

    def __init__(self, code: LocalCode, memory_bytes: int, handler: HostHandler | None = None) -> None:
        self._code = code
        self._link = HostLink(handler) if handler is not None and code.facts.imports else None
        self._store = wasmtime.Store(code.engine)
        self._functions: dict[str, Function] = {}
        self._view: NDArray[np.uint8] | None = None
        try:
            self._start(memory_bytes)
        except BaseException:
            self.close()
            raise

    @property
    def size(self) -> int:
        """Bytes of linear memory."""
        return self._memory.size

    def call(self, name: str, *arguments: int, seconds: float) -> int:
        """Call a function."""
        self._view = None  # anew after every call: the guest may have made its memory grow
        try:
            with self._deadline(seconds):
                return self._functions[name](*arguments)
        finally:
            if self._link is not None:
                self._link.settle()

    def room(self, pointer: int, size: int) -> NDArray[np.uint8]:
        """The memory itself."""
        if self._view is None:
            self._view = self._memory.view()
        return self._view[pointer : pointer + size]

    def clear(self, pointer: int, size: int) -> None:
        """Zeros."""
        self.room(pointer, size)[...] = 0

    def expect(self, blocks: Sequence[tuple[int, int]]) -> None:
        """Nothing to do: it is here."""

    def read(self, blocks: Sequence[tuple[int, int]]) -> list[NDArray[np.uint8]]:
        """Views."""
        return [self.room(*block) for block in blocks]

    def close(self) -> None:
        """Drop the store, and with it the memory."""
        self._view = None
        self._functions.clear()
        self._store.close()
        if self._link is not None:
            self._link.close()

    def _start(self, memory_bytes: int) -> None:
        limits, store = self._code.limits, self._store
        store.set_limits(
            memory_size=memory_bytes,
            table_elements=limits.table_elements,
            instances=1,
            tables=limits.tables,
            memories=1,
        )
        given = self._link.imports(store, self._code.facts.imports) if self._link is not None else []
        with self._deadline(limits.start_seconds):  # the module's start function runs in here
            try:
                made: Any = wasmtime.Instance(store, self._code.module, given)
            except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
                raise fault_of(error, "start") from None
        exports = made.exports(store)
        self._memory = Memory(store, exports["memory"])
        if self._link is not None:
            self._link.ready(self._memory)
            self._link.settle()
        for name in self._code.facts.functions:
            parameters, results = EXPORTS[name][0]
            self._functions[name] = Function(store, exports[name], len(parameters), len(results))

    @contextlib.contextmanager
    def _deadline(self, seconds: float) -> Iterator[None]:
        if not self._code.guarded:
            yield
            return
        with self._code.ticker.running():
            self._store.set_epoch_deadline(Ticker.ticks(seconds))
            yield
