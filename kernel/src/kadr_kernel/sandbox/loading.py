"""Native code as a module of an engine."""

from __future__ import annotations

from collections.abc import Sequence

import wasmtime

from kadr_kernel.sandbox.faults import ModuleError
from kadr_kernel.sandbox.host_table import MODULE

__all__ = ["deserialized"]


def deserialized(engine: wasmtime.Engine, native: bytes, imports: Sequence[str] = ()) -> wasmtime.Module:
    """The module of native code that :class:`~kadr_kernel.sandbox.compiler.Compiler` gave.

    Args:
        imports: the host functions that were read from its bytes.

    Raises:
        ModuleError: the code is for another engine, or imports something after all.
    """
    try:
        module = wasmtime.Module.deserialize(engine, native)
    except wasmtime.WasmtimeError as error:
        raise ModuleError(f"its compiled code does not load: {error}", "empty the cache folder") from None
    if [(i.module, i.name) for i in module.imports] != [(MODULE, name) for name in imports]:
        raise ModuleError("it imports something else than its bytes say")
    return module
