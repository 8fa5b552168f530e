"""What a module asks of its host, read as data before any engine sees it.

Layout of the binary format after the WebAssembly Core Specification 2.0, section 5.
"""

from __future__ import annotations

from collections.abc import Iterator

from kadr_sdk.leb128 import number_at
from kadr_sdk.text import printable

__all__ = ["ENV", "UnfitError", "check_module"]

ENV = frozenset(
    """alloc free length length_unsafe load_u8 load_u64 store_u8 store_u64 input_length input_load_u8
    input_load_u64 input_offset output_set error_set error_get config_get var_get var_set get_log_level
    log_trace log_debug log_info log_warn log_error reset""".split()
)
"""Functions of ``extism:host/env`` that a guest may import. Those of HTTP are not among them."""
_MAGIC, _MODULE, _COMPONENT = b"\0asm", b"\1\0\0\0", b"\x0d\0\1\0"
_IMPORTS, _MOST_IMPORTS = 2, 1000
_WASI = "wasi_snapshot_preview1"


class UnfitError(Exception):
    """The module is not taken; ``hint`` says what its author can do."""

    def __init__(self, message: str, hint: str = "report this to its author") -> None:
        super().__init__(message)
        self.hint = hint


def check_module(code: bytes) -> bool:
    """Whether it needs WASI (without files, without network).

    Raises:
        UnfitError: not a module, damaged, or it imports what no guest gets.
    """
    if code[:8] == _MAGIC + _COMPONENT:
        raise UnfitError("it is a component", 'write runtime = "component" in plugin.toml')
    if code[:8] != _MAGIC + _MODULE:
        raise UnfitError("it is no WebAssembly module", "compile it with an Extism PDK")
    try:
        wanted = list(_imports(code))
    except (IndexError, ValueError):
        raise UnfitError("its bytes are damaged", "install the plugin again") from None
    for module, name in wanted:
        _check(module, name)
    return any(module == _WASI for module, _ in wanted)


def _check(module: str, name: str) -> None:
    shown = f"{printable(module, 60)} {printable(name, 60)}"
    if module == _WASI or (module == "extism:host/env" and name in ENV):
        return
    if module == "extism:host/env" and name.startswith("http_"):
        raise UnfitError(f"it imports {shown}, and guests have no network", "let the user give it a file")
    if module == "extism:host/user":
        raise UnfitError(f"it imports {shown}, and kadr has no functions for guests there")
    raise UnfitError(f"it imports {shown}, which no guest gets")


def _imports(code: bytes) -> Iterator[tuple[str, str]]:
    at = 8
    while at < len(code):
        kind = code[at]
        size, at = number_at(code, at + 1)
        if at + size > len(code):
            raise ValueError
        if kind == _IMPORTS:
            yield from _rows(code[at : at + size])
        at += size


def _rows(section: bytes) -> Iterator[tuple[str, str]]:
    count, at = number_at(section, 0)
    if count > _MOST_IMPORTS:
        raise ValueError
    for _ in range(count):
        module, at = _text(section, at)
        name, at = _text(section, at)
        at = _described(section, at)
        yield module, name


def _described(section: bytes, at: int) -> int:
    """Past the description of an import: function, table, memory, global or tag."""
    kind, at = section[at], at + 1
    if kind == 0:
        return number_at(section, at)[1]
    if kind == 3:
        return at + 2
    if kind == 4:
        return number_at(section, at + 1)[1]
    if kind not in (1, 2):
        raise ValueError
    flags, at = number_at(section, at + (kind == 1))
    for _ in range(1 + (flags & 1)):
        _, at = number_at(section, at)
    return at


def _text(section: bytes, at: int) -> tuple[str, int]:
    size, at = number_at(section, at)
    if at + size > len(section):
        raise ValueError
    return section[at : at + size].decode(), at + size
