"""The runtime ``core``: guests in core WebAssembly for the frame ABI."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kadr_sdk.errors import PluginError

from kadr_kernel.sandbox.faults import ModuleError
from kadr_kernel.sandbox.limits import Limits

if TYPE_CHECKING:
    from kadr_sdk.effects import EffectDeclaration

    from kadr_kernel.sandbox.engine import Engines
    from kadr_kernel.sandbox.guest import CoreGuest
    from kadr_kernel.sandbox.module import ModuleFacts

__all__ = ["CoreRuntime"]

_KINDS = ("filter", "transition", "generator", "composite")


class CoreRuntime:
    """Satisfies :class:`kadr_sdk.contributions.Runtime`. Safe to use from any thread.

    Nothing is imported or made before the first guest is loaded.

    Args:
        folder: of compiled code.
        trusted: sha256 digests of modules that the user lets run without a deadline.
    """

    def __init__(self, folder: Path, limits: Limits | None = None, trusted: Collection[str] = ()) -> None:
        self._folder = folder
        self._limits = limits or Limits()
        self._trusted = frozenset(t.lower() for t in trusted)
        self._lock = threading.Lock()
        self._guests: dict[tuple[str, str, str], CoreGuest] = {}
        self._engines: Engines | None = None

    def load(self, code: bytes, declaration: EffectDeclaration, plugin: str) -> CoreGuest:
        """The guest for a module; the same one for the same plugin, effect and bytes.

        Raises:
            PluginError: it is not taken; names plugin, effect, reason and remedy.
        """
        digest = hashlib.sha256(code).hexdigest()
        key = (plugin, declaration.id, digest)
        with self._lock:
            known = self._guests.get(key)
            if known is None or known.declaration != declaration:
                known = self._guests[key] = self._load(code, declaration, plugin, digest)
            return known

    def counters(self) -> Mapping[str, Mapping[str, float]]:
        """Numbers of every guest that was loaded, by ``plugin/effect``."""
        with self._lock:
            return {f"{p}/{e}": guest.counters.row() for (p, e, _), guest in self._guests.items()}

    def close(self) -> None:
        """Stop the clocks; guests are not used after this."""
        with self._lock:
            self._guests.clear()
            if self._engines is not None:
                self._engines.close()
                self._engines = None

    def _load(self, code: bytes, declaration: EffectDeclaration, plugin: str, digest: str) -> CoreGuest:
        try:
            facts = self._checked(code, declaration)
            return self._compiled(code, declaration, plugin, digest, facts)
        except ModuleError as error:
            raise PluginError(
                f"the guest of {declaration.id} in plugin {plugin} is not taken: {error}",
                path=declaration.wasm,
                hint=error.hint or "report this to its author",
                plugin=plugin,
                effect=declaration.id,
            ) from error

    def _checked(self, code: bytes, declaration: EffectDeclaration) -> ModuleFacts:
        from kadr_kernel.sandbox.declared import check_declared
        from kadr_kernel.sandbox.module import read_module

        facts = read_module(code, self._limits)
        if facts.declaration:
            check_declared(facts.declaration, declaration)
        if declaration.kind not in _KINDS:
            raise ModuleError(f"guests of the kind {declaration.kind} are not run yet", "make it a filter")
        if any(p.type == "file" for p in declaration.params):
            raise ModuleError("parameters of the type file do not reach guests yet", "use a text or a curve")
        return facts

    def _compiled(
        self, code: bytes, declaration: EffectDeclaration, plugin: str, digest: str, facts: ModuleFacts
    ) -> CoreGuest:
        from kadr_kernel.sandbox.compiler import Compiler
        from kadr_kernel.sandbox.engine import Engines
        from kadr_kernel.sandbox.guest import CoreGuest
        from kadr_kernel.sandbox.loading import deserialized
        from kadr_kernel.sandbox.machine import Code

        if self._engines is None:
            self._engines = Engines()
        guarded = digest not in self._trusted
        native = Compiler(self._folder, self._limits).native(code, guarded=guarded)
        engine, ticker = self._engines.get(guarded=guarded)
        module = deserialized(engine, native)
        return CoreGuest(
            plugin, declaration, digest, Code(module, engine, ticker, facts, self._limits, guarded)
        )
