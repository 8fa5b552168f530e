"""The runtime ``component``: guests of the WebAssembly component model that work on data.

Any language with components will do, Python by componentize-py among them. The world that a guest
exports is ``sdk/abi/data.wit``; it imports nothing at all: no files, clocks, randomness or network.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kadr_sdk.errors import PluginError

from kadr_kernel.sandbox.faults import ModuleError
from kadr_kernel.sandbox.limits import Limits

if TYPE_CHECKING:
    from kadr_sdk.data_guests import DataGuest, DataTerms

__all__ = ["ComponentRuntime"]

_MAGIC = b"\0asm\x0d\x00\x01\x00"
_MOST = 64 << 20
_START = 10.0  # seconds: an interpreter comes in tens of MB of native code
_LIMITS = replace(Limits(), compile_seconds=120.0, compile_bytes=6 << 30)
"""An interpreter is a thousand times as much code as an effect."""


class ComponentRuntime:
    """Satisfies :class:`kadr_sdk.data_guests.DataRuntime`.

    Args:
        folder: of compiled code.
        start_seconds: that a guest's start may take at least.
    """

    def __init__(self, folder: Path, start_seconds: float = _START) -> None:
        self._folder = folder
        self._start_seconds = start_seconds

    def open(self, code: bytes, terms: DataTerms) -> DataGuest:
        """A guest in a process of its own; compiled at its first call, once for each version of its code.

        Raises:
            PluginError: it is no component.
        """
        from kadr_sdk.guest_process import GuestProcess

        if not code.startswith(_MAGIC) or len(code) > _MOST:
            hint = "make one, e.g. with componentize-py"
            text = f"it is no WebAssembly component of at most {_MOST >> 20} MiB"
            raise _untaken(terms, ModuleError(text, hint))

        def native() -> bytes:
            from kadr_kernel.sandbox.compiler import Compiler

            try:
                return Compiler(self._folder, _LIMITS).native(code, guarded=True, component=True)
            except ModuleError as error:
                raise _untaken(terms, error) from error

        terms = replace(terms, start_seconds=max(self._start_seconds, terms.start_seconds))
        return GuestProcess("kadr_kernel.sandbox.component_child", native, terms)


def _untaken(terms: DataTerms, error: ModuleError) -> PluginError:
    text = f"the guest of {terms.name} in plugin {terms.plugin} is not taken: {error}"
    return PluginError(text, hint=error.hint or "report this to its author", plugin=terms.plugin)
