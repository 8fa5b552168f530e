"""Native code as a module of an engine."""

from __future__ import annotations

import wasmtime

from kadr_kernel.sandbox.faults import ModuleError

__all__ = ["deserialized"]


def deserialized(engine: wasmtime.Engine, native: bytes) -> wasmtime.Module:
    """The module of native code that :class:`~kadr_kernel.sandbox.compiler.Compiler` gave.

    Raises:
        ModuleError: the code is for another engine, or imports something after all.
    """
    try:
        module = wasmtime.Module.deserialize(engine, native)
    except wasmtime.WasmtimeError as error:
        raise ModuleError(f"its compiled code does not load: {error}", "empty the cache folder") from None
    if module.imports:
        raise ModuleError("it imports something, and a guest gets nothing")
    return module
