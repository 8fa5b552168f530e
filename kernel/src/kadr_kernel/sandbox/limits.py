"""What a guest may use: by level, by what its manifest asks for, and never more than the policy's ceiling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

__all__ = ["ASKED", "LEVEL_LIMITS", "Limits", "limits_for"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings for one guest; the defaults are those of the level ``standard``.

    Attributes:
        call_seconds: for one frame. start_seconds: for instantiation and ``kadr_init``.
        working_bytes: memory beyond what the frames of a job need.
        host_calls: of host functions a second, all instances of a plugin's guests together.
        storage_bytes: that its plugin keeps. connections: at once.
        transfer_bytes: of one fetched answer or one read of a file.
        compile_seconds: of processor and of clock. compile_bytes: memory of the compiler, where
            the system can limit it.
        module_bytes, declaration_bytes, functions, function_bytes, locals, exports, sections,
        tables, table_elements: of a module, before anything is compiled.
        idle: instances that a job keeps for its next frame.
        file_bytes: of a file that a parameter names.
    """

    call_seconds: float = 10.0
    start_seconds: float = 2.0
    working_bytes: int = 128 << 20
    host_calls: int = 1_000
    storage_bytes: int = 1 << 20
    connections: int = 1
    transfer_bytes: int = 1 << 20
    compile_seconds: float = 30.0
    compile_bytes: int = 2 << 30
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
    file_bytes: int = 16 << 20


def _level(
    call: float, start: float, memory_mb: int, calls: int, storage_kb: int, connections: int, transfer_mb: int
) -> dict[str, float]:
    return {
        "call_seconds": call,
        "start_seconds": start,
        "working_bytes": memory_mb << 20,
        "host_calls": calls,
        "storage_bytes": storage_kb << 10,
        "connections": connections,
        "transfer_bytes": transfer_mb << 20,
    }


LEVEL_LIMITS: Mapping[str, Mapping[str, float]] = {
    "minimal": _level(2, 1, 32, 100, 0, 0, 0),
    "standard": _level(10, 2, 128, 1_000, 1 << 10, 1, 1),
    "extended": _level(30, 5, 512, 10_000, 16 << 10, 4, 16),
    "full": _level(120, 10, 2_048, 100_000, 256 << 10, 16, 64),
}
"""What each level of :data:`kadr_kernel.permissions.confinement.LEVELS` grants, the least first."""

ASKED: Mapping[str, tuple[str, int]] = {
    "seconds": ("call_seconds", 1),
    "start_seconds": ("start_seconds", 1),
    "memory_mb": ("working_bytes", 1 << 20),
    "calls_per_second": ("host_calls", 1),
    "storage_kb": ("storage_bytes", 1 << 10),
    "connections": ("connections", 1),
    "transfer_mb": ("transfer_bytes", 1 << 20),
}
"""Keys of ``[limits]`` in a manifest, the limit that each asks for, and the limit's units in one of it."""


def limits_for(base: Limits, level: str, ceiling: str, asked: Mapping[str, float]) -> Limits:
    """The limits of a level, with what a manifest asks for.

    Args:
        base: what does not depend on the level.
        asked: ``[limits]``; its keys are known ones.

    Raises:
        ValueError: it asks for more than the ceiling; says for what, and how much there is.
    """
    values = dict(LEVEL_LIMITS[level])
    for key, amount in asked.items():
        name, unit = ASKED[key]
        most = LEVEL_LIMITS[ceiling][name]
        if amount * unit > most:
            raise ValueError(
                f"it asks for {key} = {amount:g}, and may have {most / unit:g} (level {ceiling})"
            )
        values[name] = amount * unit
    kinds = {name: type(getattr(base, name)) for name in values}
    return replace(base, **{name: kinds[name](value) for name, value in values.items()})
