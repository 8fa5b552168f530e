"""What a guest may use."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings for one guest; the defaults let a 4K effect through and stop a bomb.

    Attributes:
        call_seconds: for one frame. start_seconds: for instantiation and ``kadr_init``.
        compile_seconds: of processor and of clock. compile_bytes: memory of the compiler, where
            the system can limit it.
        working_bytes: memory beyond what the frames of a job need.
        module_bytes, declaration_bytes, functions, function_bytes, locals, exports, sections,
        tables, table_elements: of a module, before anything is compiled.
        idle: instances that a job keeps for its next frame.
    """

    call_seconds: float = 10.0
    start_seconds: float = 2.0
    compile_seconds: float = 30.0
    compile_bytes: int = 2 << 30
    working_bytes: int = 128 << 20
    module_bytes: int = 16 << 20
    declaration_bytes: int = 256 << 10
    functions: int = 20_000
    function_bytes: int = 128 << 10
    locals: int = 4_000
    exports: int = 1_000
    sections: int = 200
    tables: int = 4
    table_elements: int = 100_000
    idle: int = 32
    message_bytes: int = 1_024
