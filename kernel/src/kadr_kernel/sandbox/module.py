"""What a module says of itself, read from its bytes without compiling or running anything.

Only what the host decides on is read: sections, imports, exports, sizes. Whether the code is
valid is for the compiler to say, in its own process.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from kadr_sdk.abi import ABI_SECTION, EFFECT_SECTION
from kadr_sdk.errors import did_you_mean
from kadr_sdk.text import printable

from kadr_kernel.sandbox.binary import Bytes
from kadr_kernel.sandbox.faults import ModuleError
from kadr_kernel.sandbox.host_table import HOST_FUNCTIONS, MODULE
from kadr_kernel.sandbox.limits import Limits
from kadr_kernel.sandbox.versions import check_version

__all__ = ["EXPORTS", "ModuleFacts", "read_module"]

_MAGIC, _CORE = b"\0asm", b"\1\0\0\0"
_I32 = 0x7F
_NAMES = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64", 0x7B: "v128", 0x70: "funcref"}
Signature = tuple[tuple[int, ...], tuple[int, ...]]

EXPORTS: Mapping[str, tuple[Signature, bool]] = {
    "kadr_abi": (((), (_I32,)), True),
    "kadr_alloc": (((_I32,), (_I32,)), True),
    "kadr_process": (((_I32,), (_I32,)), True),
    "_initialize": (((), ()), False),
    "kadr_init": (((_I32,), (_I32,)), False),
    "kadr_reset": (((), ()), False),
    "kadr_free": (((_I32, _I32), ()), False),
}
"""Functions of the ABI: parameters and results, and whether a guest must have it."""


@dataclass(frozen=True, slots=True)
class ModuleFacts:
    """A module that may be compiled.

    Attributes:
        version: of the frame ABI.
        declaration: the JSON of the section ``kadr.effect``; empty: there is none.
        functions: which of :data:`EXPORTS` it has.
        memory_bytes: that it begins with.
        imports: host functions in the order that it imports them.
    """

    version: int
    declaration: bytes
    functions: frozenset[str]
    memory_bytes: int
    imports: tuple[str, ...] = ()


@dataclass(slots=True)
class _Found:
    types: list[Signature] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    functions: list[int] = field(default_factory=list)
    memories: list[int] = field(default_factory=list)
    exports: dict[str, tuple[int, int]] = field(default_factory=dict)
    custom: dict[str, list[bytes]] = field(default_factory=dict)


def read_module(data: bytes, limits: Limits, adapters: Collection[int] = ()) -> ModuleFacts:
    """The facts of a module.

    Args:
        adapters: versions of the ABI that are met besides the present one.

    Raises:
        ModuleError: it is none, or breaks a rule of the ABI or a limit.
    """
    if len(data) > limits.module_bytes:
        raise ModuleError(f"the module has {len(data)} bytes; at most {limits.module_bytes} are taken")
    if data[:4] != _MAGIC:
        raise ModuleError("this is not a WebAssembly binary", "text (WAT) is compiled by its author")
    if data[4:8] != _CORE:
        hint = "frames need a core module; a component cannot take them"
        raise ModuleError("this is not a core module of version 1", hint)
    found = _sections(Bytes(memoryview(data)[8:], "the module"), limits)
    version = _version(found)
    check_version(version, adapters)
    _check_exports(found)
    return ModuleFacts(
        version,
        _declaration(found, limits),
        frozenset(EXPORTS) & found.exports.keys(),
        _memory(found, limits),
        tuple(found.imports),
    )


def _sections(module: Bytes, limits: Limits) -> _Found:
    found, seen = _Found(), 0
    while module.left:
        number = module.byte()
        body = module.piece(module.number(), f"section {number}")
        seen += 1
        if seen > limits.sections:
            raise ModuleError(f"more than {limits.sections} sections")
        if (read := _READERS.get(number)) is not None:
            read(body, found, limits)
    return found


def _custom(body: Bytes, found: _Found, _limits: Limits) -> None:
    name = body.name()
    if name in (ABI_SECTION, EFFECT_SECTION):
        found.custom.setdefault(name, []).append(bytes(body.take(body.left)))


def _types(body: Bytes, found: _Found, limits: Limits) -> None:
    for _ in range(body.count(limits.functions, "types")):
        if body.byte() != 0x60:
            raise ModuleError("a type that is no function", "build without the GC proposal")
        found.types.append((_values(body), _values(body)))


def _values(body: Bytes) -> tuple[int, ...]:
    return tuple(body.take(body.count(1000, "values in a type")))


def _imports(body: Bytes, found: _Found, limits: Limits) -> None:
    """Functions of the closed table, with exactly their types; nothing else can be had."""
    count = body.count(limits.exports, "imports")
    for number in range(count):
        module, name = body.name(), body.name()
        if module != MODULE:
            first, left = printable(f"{module}.{name}"), count - number - 1
            more = f" and {left} more" if left else ""
            text = f"it imports {first}{more}, and a guest gets nothing but host functions of {MODULE}"
            raise ModuleError(text, "build it without WASI and libc")
        function = HOST_FUNCTIONS.get(name)
        if function is None or body.byte() != 0:
            raise ModuleError(
                f"there is no host function {printable(name)}", did_you_mean(name, HOST_FUNCTIONS)
            )
        found.functions.append(body.number())
        found.imports.append(name)
        expected = ((_I32,) * function.width, (_I32,))
        if found.functions[-1] >= len(found.types) or found.types[found.functions[-1]] != expected:
            raise ModuleError(
                f"its import {MODULE}.{name} is of another type", f"it must be {_text(expected)}"
            )


def _functions(body: Bytes, found: _Found, limits: Limits) -> None:
    found.functions += [body.number() for _ in range(body.count(limits.functions, "functions"))]


def _tables(body: Bytes, _found: _Found, limits: Limits) -> None:
    body.count(limits.tables, "tables")


def _memories(body: Bytes, found: _Found, _limits: Limits) -> None:
    for _ in range(body.count(1, "memories")):
        if (kind := body.byte()) > 1:
            raise ModuleError(f"a memory of kind {kind}", "neither shared nor 64-bit memory is taken")
        found.memories.append(body.number() << 16)


def _exports(body: Bytes, found: _Found, limits: Limits) -> None:
    for _ in range(body.count(limits.exports, "exports")):
        name = body.name()
        if name in found.exports:
            raise ModuleError(f"it exports {printable(name)} twice")
        found.exports[name] = body.byte(), body.number()


def _code(body: Bytes, _found: _Found, limits: Limits) -> None:
    """Compile time grows with the square of a function's size: that is what is capped here."""
    for number in range(body.count(limits.functions, "functions")):
        size = body.count(limits.function_bytes, f"bytes in function {number}")
        function = body.piece(size, f"function {number}")
        groups = function.count(limits.locals, f"groups of locals in function {number}")
        total = 0
        for _ in range(groups):
            total += function.number()
            function.byte()
        if total > limits.locals:
            raise ModuleError(f"{total} locals in function {number}; at most {limits.locals} are taken")


_READERS: Mapping[int, Callable[[Bytes, _Found, Limits], None]] = {
    0: _custom,
    1: _types,
    2: _imports,
    3: _functions,
    4: _tables,
    5: _memories,
    7: _exports,
    10: _code,
}


def _version(found: _Found) -> int:
    rows = found.custom.get(ABI_SECTION, [])
    if len(rows) != 1:
        count = "no" if not rows else str(len(rows))
        raise ModuleError(f"{count} sections {ABI_SECTION}; there must be one", "pack it with the SDK")
    if len(rows[0]) != 4:
        raise ModuleError(f"the section {ABI_SECTION} has {len(rows[0])} bytes; there must be four")
    return int.from_bytes(rows[0], "little")


def _declaration(found: _Found, limits: Limits) -> bytes:
    rows = found.custom.get(EFFECT_SECTION, [])
    if len(rows) > 1:
        raise ModuleError(f"{len(rows)} sections {EFFECT_SECTION}; there may be one")
    if rows and len(rows[0]) > limits.declaration_bytes:
        most = limits.declaration_bytes
        raise ModuleError(f"the declaration has {len(rows[0])} bytes; at most {most} are taken")
    return rows[0] if rows else b""


def _check_exports(found: _Found) -> None:
    if found.exports.get("memory", (None, 0))[0] != 2:
        raise ModuleError("it exports no memory", "export its memory as 'memory'")
    for name, (signature, needed) in EXPORTS.items():
        if name not in found.exports:
            if needed:
                raise ModuleError(f"it exports no function {name}", f"export {name}{_text(signature)}")
            continue
        own = _signature(found, name)
        if own != signature:
            is_ = "no function" if own is None else _text(own)
            raise ModuleError(f"its {name} is {is_}", f"it must be {_text(signature)}")


def _signature(found: _Found, name: str) -> Signature | None:
    kind, index = found.exports[name]
    if kind != 0:
        return None
    try:
        return found.types[found.functions[index]]
    except IndexError:
        raise ModuleError(f"its {name} points at a function that there is not") from None


def _text(signature: Signature) -> str:
    left, right = (", ".join(_NAMES.get(v, f"type {v:#x}") for v in side[:8]) for side in signature)
    return f"({left}) -> ({right})"


def _memory(found: _Found, limits: Limits) -> int:
    begin = sum(found.memories)
    if begin > limits.working_bytes:
        raise ModuleError(f"it begins with {begin} bytes of memory; at most {limits.working_bytes} are given")
    return begin
