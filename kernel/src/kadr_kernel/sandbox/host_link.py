"""Host functions as imports of an instance: numbers checked, bytes copied, nothing raised.

The engine gets raw callbacks of our own. Those of wasmtime-py go through tables of the whole
process, and an exception in one may be reported as another guest's. Here whatever goes wrong
becomes a status for the guest, and the exception waits until the guest has returned.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import wasmtime
from wasmtime import _bindings as raw

from kadr_kernel.sandbox.host_table import FAILED, HOST_FUNCTIONS, INVALID, LIMIT, HostFunction
from kadr_kernel.sandbox.memory import Memory

__all__ = ["MOST_BYTES", "HostHandler", "HostLink"]

MOST_BYTES = 64 << 20
"""Of one argument or answer."""
_MASK = 0xFFFF_FFFF
_NO_FINALIZER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)()


class HostHandler(Protocol):
    """Answers the host functions of one guest; has bytes and numbers, and no view of memory."""

    def answer(
        self, name: str, numbers: Sequence[int], given: Sequence[bytes], capacity: int
    ) -> tuple[int, bytes]:
        """The status, and what to write where there is room for ``capacity`` bytes."""
        ...

    def violated(self, name: str) -> None:
        """The guest named bytes that are not in its memory."""
        ...


class HostLink:
    """The imports of one store.

    Args:
        handler: answers what the guest asks.
    """

    def __init__(self, handler: HostHandler) -> None:
        self._handler = handler
        self._memory: Memory | None = None
        self._kept: list[Any] = []
        self._busy = False
        self._raised: BaseException | None = None

    def imports(self, store: wasmtime.Store, names: Sequence[str]) -> list[wasmtime.Func]:
        """The functions in the order that a module imports them."""
        return [self._import(store, HOST_FUNCTIONS[name]) for name in names]

    def ready(self, memory: Memory) -> None:
        """The instance stands; before that, every function answers INVALID."""
        self._memory = memory

    def settle(self) -> None:
        """Raise what a host function raised while the guest ran (Ctrl-C, a defect of ours)."""
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised

    def close(self) -> None:
        """Forget the callbacks; the store must be gone."""
        self._kept.clear()
        self._memory = None

    def _import(self, store: wasmtime.Store, function: HostFunction) -> wasmtime.Func:
        i32 = wasmtime.ValType.i32
        kind = wasmtime.FuncType([i32()] * function.width, [i32()])
        callback = raw.wasmtime_func_unchecked_callback_t(self._callback(function))
        made = raw.wasmtime_func_t()
        raw.wasmtime_func_new_unchecked(
            store._context(), kind.ptr(), callback, None, _NO_FINALIZER, ctypes.byref(made)
        )
        self._kept.append(callback)
        return wasmtime.Func._from_raw(made)

    def _callback(self, function: HostFunction) -> Callable[..., int]:
        width = function.width

        def call(_environment: Any, _caller: Any, values: Any, _count: int) -> int:
            try:
                status = self._run(function, [int(values[n].i32) & _MASK for n in range(width)])
            except BaseException as error:  # noqa: BLE001 - nothing may leave through the engine
                self._raised = self._raised or error
                status = FAILED
            values[0].i32 = status
            return 0  # no trap

        return call

    def _run(self, function: HostFunction, values: list[int]) -> int:
        memory = self._memory
        if memory is None or self._busy:
            return INVALID
        self._busy = True
        try:
            return self._answer(function, values, memory)
        finally:
            self._busy = False

    def _answer(self, function: HostFunction, values: list[int], memory: Memory) -> int:
        size, rest = memory.size, iter(values)
        numbers: list[int] = []
        blocks: list[tuple[int, int]] = []
        for kind in function.parameters:
            if kind == "number":
                numbers.append(next(rest))
            else:
                blocks.append((next(rest), next(rest)))
        if any(pointer + length > size for pointer, length in blocks):
            self._handler.violated(function.name)
            return INVALID
        room = blocks.pop() if function.parameters[-1:] == ("out",) else (0, 0)
        if sum(length for _, length in blocks) > MOST_BYTES:
            return LIMIT
        view = memory.view()
        given = [view[pointer : pointer + length].tobytes() for pointer, length in blocks]
        capacity = min(room[1], MOST_BYTES)
        status, data = self._handler.answer(function.name, numbers, given, capacity)
        if data:
            memory.view()[room[0] : room[0] + min(len(data), capacity)] = memoryview(data)[:capacity]
        return max(-(1 << 31), min((1 << 31) - 1, status))
