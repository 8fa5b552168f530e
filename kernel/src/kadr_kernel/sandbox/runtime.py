"""The runtime ``core``: guests in core WebAssembly for the frame ABI."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import PluginError

from kadr_kernel.permissions.confinement import Confinement
from kadr_kernel.sandbox.faults import ModuleError
from kadr_kernel.sandbox.house import House
from kadr_kernel.sandbox.imports import check_imports
from kadr_kernel.sandbox.ledger import Ledger
from kadr_kernel.sandbox.limits import Limits, limits_for
from kadr_kernel.sandbox.versions import ADAPTERS, Adapter, adapted

if TYPE_CHECKING:
    from kadr_sdk.effects import EffectDeclaration
    from kadr_sdk.manifest import Manifest

    from kadr_kernel.sandbox.engine import Engines
    from kadr_kernel.sandbox.guest import CoreGuest
    from kadr_kernel.sandbox.host_calls import PluginHost
    from kadr_kernel.sandbox.machine import Code
    from kadr_kernel.sandbox.module import ModuleFacts
    from kadr_kernel.sandbox.watchdog import Watchdog

__all__ = ["CoreRuntime"]

_Key = tuple[str, str, str, Confinement, Limits]


@dataclass(frozen=True, slots=True)
class _Terms:
    """On what terms a guest is run."""

    plugin: str
    effect: str
    digest: str
    held: Confinement
    limits: Limits

    @property
    def key(self) -> _Key:
        return self.plugin, self.effect, self.digest, self.held, self.limits


class CoreRuntime:
    """Satisfies :class:`kadr_sdk.contributions.Runtime`. Safe to use from any thread.

    Nothing is imported or made before the first guest is loaded.

    Args:
        folder: of compiled code.
        limits: what does not depend on a guest's level; all of it where no house says the level.
        trusted: sha256 digests of modules that run without a deadline, where no house says that.
        house: the plugins behind the guests; by default nothing is granted to any.
        ledger: where numbers of jobs are kept; None: they are not.
        adapters: for guests of older versions of the ABI.
    """

    def __init__(
        self,
        folder: Path,
        limits: Limits | None = None,
        trusted: Collection[str] = (),
        *,
        house: House | None = None,
        ledger: Ledger | None = None,
        adapters: Mapping[int, Adapter] = ADAPTERS,
    ) -> None:
        self._folder = folder
        self._limits = limits or Limits()
        self._trusted = frozenset(t.lower() for t in trusted)
        self._house = house or House()
        self._ledger = ledger
        self._adapters = adapters
        self._lock = threading.Lock()
        self._guests: dict[_Key, CoreGuest] = {}
        self._hosts: dict[tuple[str, Limits], PluginHost] = {}
        self._engines: Engines | None = None
        self._watchdog: Watchdog | None = None

    def load(self, code: bytes, declaration: EffectDeclaration, plugin: str) -> CoreGuest:
        """The guest for a module; the same one for the same plugin, effect and bytes.

        Raises:
            PluginError: it is not taken; names plugin, effect, reason and remedy.
        """
        try:
            facts = self._checked(code, declaration)
            terms = self._terms(code, declaration, plugin, facts)
            with self._lock:
                known = self._guests.get(terms.key)
                if known is None or known.declaration != declaration:
                    known = self._guests[terms.key] = self._compiled(code, declaration, facts, terms)
                return known
        except ModuleError as error:
            raise PluginError(
                f"the guest of {declaration.id} in plugin {plugin} is not taken: {error}",
                path=declaration.wasm,
                hint=error.hint or "report this to its author",
                plugin=plugin,
                effect=declaration.id,
            ) from error

    def counters(self) -> Mapping[str, Mapping[str, float]]:
        """Numbers of every guest that was loaded, by ``plugin/effect``."""
        with self._lock:
            return {f"{g.plugin}/{g.declaration.id}": g.counters.row() for g in self._guests.values()}

    def records(self, plugin: str) -> Mapping[str, Mapping[str, Any]]:
        """What guests of a plugin did in earlier jobs, by effect."""
        return self._ledger.rows(plugin) if self._ledger is not None else {}

    def trial(
        self, manifest: Manifest, folder: Path, *, apart: bool = False
    ) -> AbstractContextManager[CoreRuntime]:
        """A runtime for guests under construction (:class:`kadr_sdk.contributions.GuestTrials`)."""
        from kadr_kernel.sandbox.trial import on_trial

        return on_trial(manifest, folder, apart=apart)

    def close(self) -> None:
        """Stop the clocks; guests are not used after this."""
        with self._lock:
            self._guests.clear()
            if self._engines is not None:
                self._engines.close()
                self._engines = None
            if self._watchdog is not None:
                self._watchdog.close()
                self._watchdog = None

    # -- who it is and what it may -------------------------------------------------------------

    def _terms(self, code: bytes, declaration: EffectDeclaration, plugin: str, facts: ModuleFacts) -> _Terms:
        digest = hashlib.sha256(code).hexdigest()
        house = self._house
        if house.confinement is None:
            engine = "trusted" if digest in self._trusted else "guarded"
            held, limits = Confinement(engine=engine), self._limits
        else:
            held = house.confinement(plugin, digest)
            try:
                limits = limits_for(self._limits, held.level, held.ceiling, house.asked(plugin))
            except ValueError as error:
                hint = "its author must ask for less, or a [[sandbox]] rule of the policy raise its ceiling"
                raise ModuleError(str(error), hint) from None
        check_imports(facts.imports, declaration, plugin, house.keys)
        if "config_get" in facts.imports:  # what it reads there may change its pictures
            text = json.dumps(house.settings(plugin), sort_keys=True, default=str)
            digest = hashlib.sha256(f"{digest}{text}".encode()).hexdigest()
        return _Terms(plugin, declaration.id, digest, held, limits)

    def _checked(self, code: bytes, declaration: EffectDeclaration) -> ModuleFacts:
        from kadr_kernel.sandbox.declared import check_declared
        from kadr_kernel.sandbox.module import read_module

        facts = read_module(code, self._limits, self._adapters)
        if facts.declaration:
            check_declared(facts.declaration, declaration)
        return facts

    # -- how it runs ---------------------------------------------------------------------------

    def _compiled(
        self, code: bytes, declaration: EffectDeclaration, facts: ModuleFacts, terms: _Terms
    ) -> CoreGuest:
        from kadr_kernel.sandbox.guest import CoreGuest
        from kadr_kernel.sandbox.host_calls import PluginHost

        made = adapted(self._code(code, facts, terms), self._adapters)
        place = (terms.plugin, terms.limits)
        if place not in self._hosts:
            self._hosts[place] = PluginHost(terms.plugin, self._house, terms.limits)
        return CoreGuest(terms.plugin, declaration, terms.digest, made, self._hosts[place], self._done)

    def _code(self, code: bytes, facts: ModuleFacts, terms: _Terms) -> Code:
        from kadr_kernel.sandbox.compiler import Compiler
        from kadr_kernel.sandbox.engine import Engines
        from kadr_kernel.sandbox.loading import deserialized
        from kadr_kernel.sandbox.machine import LocalCode

        apart = terms.held.isolation == "process"
        guarded = apart or terms.held.engine == "guarded"
        native = Compiler(self._folder, self._limits).native(code, guarded=guarded)
        if apart:
            return self._remote(native, facts, terms.limits)
        if self._engines is None:
            self._engines = Engines()
        engine, ticker = self._engines.get(guarded=guarded)
        module = deserialized(engine, native, facts.imports)
        return LocalCode(module, engine, ticker, facts, terms.limits, guarded)

    def _remote(self, native: bytes, facts: ModuleFacts, limits: Limits) -> Code:
        from kadr_kernel.sandbox.remote import RemoteCode
        from kadr_kernel.sandbox.watchdog import Watchdog

        if self._watchdog is None:
            self._watchdog = Watchdog()
        return RemoteCode(native, facts, limits, self._watchdog)

    def _done(self, guest: CoreGuest, numbers: Mapping[str, float]) -> None:
        """A job with a guest is over."""
        if not any(numbers.values()):
            return
        self._house.measured(guest.plugin, guest.declaration.id, numbers)
        if self._ledger is not None:
            self._ledger.add(guest.plugin, guest.declaration.id, numbers)
