"""Calls of a guest's functions, by the entry point that costs 2 microseconds.

``Func.__call__`` of wasmtime-py takes 50 and, where a host function ever raised, may report
another call's exception. The unchecked entry compares no types: that was done when the module
was read, and is done again here once an instance.
"""

from __future__ import annotations

import ctypes
from typing import Any

import wasmtime
from wasmtime import _bindings as raw

from kadr_kernel.sandbox.faults import GuestError

__all__ = ["Function", "fault_of"]

_MASK = 0xFFFF_FFFF
_KINDS = {
    wasmtime.TrapCode.INTERRUPT: ("deadline", "it ran longer than it may"),
    wasmtime.TrapCode.STACK_OVERFLOW: ("stack", "its calls were nested too deeply"),
}


class Function:
    """An exported function with up to two i32 parameters.

    Raises:
        GuestError: it is not of the expected type.
    """

    def __init__(self, store: wasmtime.Store, func: Any, parameters: int, results: int) -> None:
        if not isinstance(func, wasmtime.Func):
            raise GuestError("abi", "an export is not a function")
        kind = func.type(store)
        found = [[str(v) for v in side] for side in (kind.params, kind.results)]
        if found != [["i32"] * parameters, ["i32"] * results]:
            raise GuestError("abi", "a function is of another type than the module said")
        self._context = store._context()
        self._func = func._func
        self._returns = results == 1
        self._values = (raw.wasmtime_val_raw_t * 2)()
        self._trap = ctypes.POINTER(raw.wasm_trap_t)()

    def __call__(self, *arguments: int) -> int:
        """Call it; an unsigned number (0 where it returns nothing).

        Raises:
            GuestError: it trapped.
        """
        values, trap = self._values, self._trap
        for place, argument in zip(values, arguments, strict=False):
            place.i32 = argument
        error = raw.wasmtime_func_call_unchecked(
            self._context, ctypes.byref(self._func), values, 2, ctypes.byref(trap)
        )
        if bool(error):
            raise fault_of(wasmtime.WasmtimeError._from_ptr(error))
        if bool(trap):
            found = wasmtime.Trap._from_ptr(trap)
            self._trap = ctypes.POINTER(raw.wasm_trap_t)()
            raise fault_of(found)
        return int(values[0].i32) & _MASK if self._returns else 0


def fault_of(error: Exception, otherwise: str = "trap") -> GuestError:
    """The fault that an exception of the engine stands for."""
    if isinstance(error, wasmtime.Trap):
        code = error.trap_code
        if code in _KINDS:
            return GuestError(*_KINDS[code])
        if code is not None:
            return GuestError("trap", f"it trapped: {code.name.lower().replace('_', ' ')}")
    lines = str(error).strip().splitlines()
    return GuestError(otherwise, lines[-1].strip() if lines else "it failed")
