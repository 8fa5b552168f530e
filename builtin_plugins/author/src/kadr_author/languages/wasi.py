"""WASI with nothing behind it, put into a module: what was imported becomes functions of its own.

Go's runtime asks its system for a clock, chance, arguments and files. A guest gets nothing, so each
such function is given a body here that does nothing: no arguments, no files, a clock that stands, zeros
for chance. Imported functions come first in the numbering of functions; their bodies are put first too,
so that no call in the module changes.
"""

from __future__ import annotations

from collections.abc import Iterator

from kadr_sdk.leb128 import number_at, number_bytes

__all__ = ["without_wasi"]

_BADF, _NOSYS = 8, 52
_ZERO_TWO = bytes.fromhex("20004100360200 20014100360200 4100")  # *a = 0; *b = 0; return 0
_CLOCK = bytes.fromhex("20024201370300 4100")  # *c = 1: Go takes a clock at 0 for a broken one
_TRAP = bytes.fromhex("00")  # unreachable
_BODIES = {
    "args_sizes_get": _ZERO_TWO,
    "environ_sizes_get": _ZERO_TWO,
    "clock_time_get": _CLOCK,
    "args_get": b"\x41\x00",
    "environ_get": b"\x41\x00",
    "random_get": b"\x41\x00",
    "sched_yield": b"\x41\x00",
    "proc_exit": _TRAP,
}
_CUSTOM, _TYPE, _IMPORT, _FUNCTION, _CODE = 0, 1, 2, 3, 10


def without_wasi(module: bytes) -> bytes:
    """The module without its imports of ``wasi_snapshot_preview1``.

    Raises:
        ValueError: it imports something else, or a function of WASI in a shape that has no body here.
    """
    sections = list(_sections(module))
    found = {number: body for number, body in sections if number != _CUSTOM}
    imports = list(_imports(found.get(_IMPORT, b"\0")))
    if not imports:
        return module
    returns = _results(found[_TYPE])
    bodies = [_body(name, returns[kind]) for name, kind in imports]
    made = module[:8]
    for number, body in sections:
        if number == _IMPORT:
            continue
        if number == _FUNCTION:
            body = _before(body, [number_bytes(kind) for _, kind in imports])
        elif number == _CODE:
            body = _before(body, bodies)
        made += bytes([number]) + number_bytes(len(body)) + body
    return made


def _body(name: str, returns: bool) -> bytes:
    code = _BODIES.get(name)
    if code is None:
        files = name.startswith(("fd_", "path_"))
        code = b"\x41" + number_bytes(_BADF if files else _NOSYS)  # below 64: signed is the same
    if not returns and code != _TRAP:
        raise ValueError(f"{name} returns nothing, and has no body here")
    code = b"\x00" + code + b"\x0b"  # no locals; end
    return number_bytes(len(code)) + code


def _before(section: bytes, rows: list[bytes]) -> bytes:
    """A section that counts its rows, with more rows at its beginning."""
    count, at = number_at(section, 0)
    return number_bytes(count + len(rows)) + b"".join(rows) + section[at:]


def _sections(module: bytes) -> Iterator[tuple[int, bytes]]:
    at = 8
    while at < len(module):
        number = module[at]
        size, at = number_at(module, at + 1)
        yield number, module[at : at + size]
        at += size


def _imports(body: bytes) -> Iterator[tuple[str, int]]:
    """Name and type of every imported function."""
    count, at = number_at(body, 0)
    for _ in range(count):
        words = []
        for _ in range(2):
            size, at = number_at(body, at)
            words.append(body[at : at + size].decode())
            at += size
        if words[0] != "wasi_snapshot_preview1" or body[at] != 0:
            raise ValueError(f"it imports {words[0]}.{words[1]}, and a guest gets nothing")
        kind, at = number_at(body, at + 1)
        yield words[1], kind


def _results(body: bytes) -> list[bool]:
    """Whether each type returns something."""
    count, at = number_at(body, 0)
    found = []
    for _ in range(count):
        counts = []
        at += 1  # 0x60
        for _ in range(2):
            size, at = number_at(body, at)
            counts.append(size)
            at += size
        found.append(counts[1] > 0)
    return found
