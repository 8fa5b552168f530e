"""The plugin lifecycle: resolve, activate, suspend, stop; the rules are in :mod:`.states`.

Activation is a matter of data: contributions are added to the catalogue, services and hooks
are noted, and code is imported when it is first used. A plugin that runs has everything it
requires running: stopping or suspending takes dependants first, activating and resuming
takes requirements first.

Changes of state happen under one lock; events are published after its release, in order.
Reading (rows, doctor, commands) takes no lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import Problem
from kadr_sdk.manifest import Manifest
from kadr_sdk.services import Config, EventBus

from kadr_kernel.plugins.catalogue import Catalogue
from kadr_kernel.plugins.commands import run_command
from kadr_kernel.plugins.consent import Consent
from kadr_kernel.plugins.contexts import Contexts
from kadr_kernel.plugins.crashes import CrashGuard
from kadr_kernel.plugins.discovery import Found
from kadr_kernel.plugins.endings import Endings
from kadr_kernel.plugins.failures import Failures, attributed
from kadr_kernel.plugins.hooks import Hooks
from kadr_kernel.plugins.outbox import Outbox
from kadr_kernel.plugins.roll import RUNNING, Roll
from kadr_kernel.plugins.roster import Choice
from kadr_kernel.plugins.rows import Row, doctor_rows
from kadr_kernel.plugins.services import PluginServices

if TYPE_CHECKING:
    from kadr_sdk.plugin import Kernel

__all__ = ["PluginManager", "PluginParts"]


@dataclass(frozen=True, slots=True)
class PluginParts:
    """What the manager works with; made by the composition root."""

    events: EventBus
    config: Config
    catalogue: Catalogue
    hooks: Hooks
    services: PluginServices
    contexts: Contexts
    crashes: CrashGuard
    consent: Consent
    failures: Failures
    endings: Endings


class PluginManager:
    """Implements :class:`kadr_sdk.services.Plugins`. Safe to use from any thread.

    Args:
        found: what discovery found.
        parts: the other rooms.
        choice: who shall run; ``disabled`` and ``crashed`` are read from config and markers.
        kernel: handed to commands.
    """

    def __init__(
        self, found: Sequence[Found], parts: PluginParts, choice: Choice, kernel: Callable[[], Kernel]
    ) -> None:
        self._parts = parts
        self._kernel = kernel
        self._outbox = Outbox(parts.events)
        self._roll = Roll(found, choice, parts.config, parts.crashes, parts.consent, self._outbox)
        self._running: list[str] = []  # in order of activation
        self._lock = threading.RLock()

    def start(self) -> None:
        """Resolve, and activate what fits together; a failing plugin is a row, not an error."""
        with self._changing():
            self._roll.resolve()
            for plugin in self._roll.resolution.order:
                self._activate_one(self._roll[plugin])

    def close(self) -> None:
        """Stop everything, the last activated first."""
        with self._changing():
            for plugin in list(reversed(self._running)):
                self._stop_one(self._roll[plugin])

    def rows(self) -> Sequence[Row]:
        """Every plugin found, broken ones too, in order of id; copies."""
        return [replace(row) for row in self._roll.rows]

    def activate(self, plugin: str) -> None:
        """Activate it and what it requires, in order; nothing where it is active.

        Raises:
            PluginNotFoundError: not installed.
            PluginError: disabled, unresolved or failing, with the reason and a remedy.
        """
        with self._changing():
            row = self._roll[plugin]
            if row.state not in RUNNING:
                self._roll.resolve()
                if plugin not in self._roll.resolution.order:
                    raise self._roll.refusal(row)
                for one in self._roll.resolution.needed_by(plugin):
                    self._resume(one)
                    self._activate_one(self._roll[one])
                    if self._roll[one].state != "active":
                        raise self._roll.refusal(self._roll[one])
            self._resume(plugin)

    def stop(self, plugin: str) -> None:
        """Stop it and what requires it, dependants first; nothing where it does not run.

        Raises:
            PluginNotFoundError: not installed.
        """
        with self._changing():
            if self._roll[plugin].state in RUNNING:
                for one in self._dependants(plugin):
                    self._stop_one(self._roll[one])

    def suspend(self, plugin: str) -> None:
        """Take its contributions away, and those of its dependants, without stopping them.

        Raises:
            PluginNotActiveError: it is not active.
        """
        with self._changing():
            row = self._roll[plugin]
            if row.state != "active":
                raise self._roll.not_active(row)
            for one in self._dependants(plugin):
                if self._roll[one].state == "active":
                    self._withdraw(one)
                    self._roll.step(self._roll[one], "suspended")

    def resume(self, plugin: str) -> None:
        """Give the contributions of a suspended plugin, and of what it requires, back.

        Raises:
            PluginNotActiveError: it is neither suspended nor active.
        """
        with self._changing():
            row = self._roll[plugin]
            if row.state not in RUNNING:
                raise self._roll.not_active(row)
            self._resume(plugin)

    def set_enabled(self, plugin: str, enabled: bool, permissions: Iterable[str] | None = None) -> None:
        """Remember whether it is activated at start.

        Enabling is the user's yes to this version of the plugin, where one is needed, and
        forgets its crashes; disabling takes every grant back. What runs goes on running; what is
        enabled may be activated at once.

        Args:
            plugin: its id.
            enabled: yes or no.
            permissions: what is granted; None: all that it asks for.

        Raises:
            PluginNotFoundError: not installed.
            InvalidParameterError: it does not ask for one of the permissions.
            ConfigError: the configuration cannot be written.
        """
        # Configuration and grants have locks and events of their own, so ours is not held around them.
        self._roll.set_enabled(plugin, enabled, permissions)
        with self._changing():
            self._roll.resolve()

    def execute_command(self, plugin: str, command: str, args: Mapping[str, Any]) -> Any:
        """Run one of its commands; see :func:`kadr_kernel.plugins.commands.run_command`.

        Raises:
            PluginNotFoundError: not installed.
            PluginNotActiveError: it is not active.
            NotFoundError: it has no such command.
            KadrError: a ``before_command`` hook refused, or the command raised one.
            PluginError: the command raised anything else.
        """
        row = self._roll[plugin]
        if row.state != "active" or row.manifest is None:
            raise self._roll.not_active(row)
        parts = self._parts
        return run_command(parts.catalogue, parts.hooks, self._kernel(), row.manifest, command, args)

    def doctor(self) -> Sequence[Mapping[str, Any]]:
        """What is wrong, errors first, as rows {plugin, severity, message, hint}, safe to print."""
        return doctor_rows(self.rows(), self._parts.failures.rows())

    def absent(self, kind: str, name: str) -> str:
        """Why no active plugin has a contribution that an installed one declares, or nothing."""
        return self._roll.absent(kind, name)

    # Everything below runs under the lock.

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        finally:
            self._outbox.send()

    def _activate_one(self, row: Row) -> None:
        if row.state not in ("resolved", "stopped") or row.manifest is None:
            return
        self._roll.step(row, "activating")
        try:
            self._parts.contexts.open(row.manifest)
            self._supply(row.manifest)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, the plugin is out and named
            self._parts.contexts.close(row.id)
            named = attributed(row.id, "activating", error)
            self._roll.fail(row, (Problem("", named.message, named.hint),))
            return
        self._running.append(row.id)
        self._roll.step(row, "active")

    def _supply(self, manifest: Manifest) -> None:
        """Add everything that a plugin contributes, or nothing."""
        parts = self._parts
        parts.catalogue.add(manifest)
        try:
            parts.services.add(manifest)
        except BaseException:
            parts.catalogue.remove(manifest.id)
            raise
        if manifest.hooks:
            parts.hooks.add(manifest.id, manifest.hooks)

    def _withdraw(self, plugin: str) -> None:
        """Take everything away and close what was made of it; nothing that foreign code does stops it."""
        parts = self._parts
        parts.hooks.remove(plugin)
        parts.services.remove(plugin)
        for made in parts.catalogue.remove(plugin):
            parts.endings.run(plugin, type(made).__name__, made.close)

    def _stop_one(self, row: Row) -> None:
        if row.state not in RUNNING:
            return
        was_active = row.state == "active"
        self._roll.step(row, "stopping")
        if was_active:
            self._withdraw(row.id)
        self._parts.contexts.close(row.id)
        self._running.remove(row.id)
        self._roll.step(row, "stopped")

    def _resume(self, plugin: str) -> None:
        for one in self._requirements(plugin):
            row = self._roll[one]
            if row.state == "suspended" and row.manifest is not None:
                self._supply(row.manifest)
                self._roll.step(row, "active")

    def _requirements(self, plugin: str) -> list[str]:
        """What runs of what it requires, requirements first, itself last."""
        wanted, todo = set[str](), [plugin]
        while todo:
            if (one := todo.pop()) not in wanted:
                wanted.add(one)
                todo.extend(self._roll.requires(one))
        return [one for one in self._running if one in wanted]

    def _dependants(self, plugin: str) -> list[str]:
        """What runs of what requires it, dependants first, itself last."""
        wanted = {plugin}
        for one in self._running:  # requirements were activated first, so one pass sees every chain
            if wanted.intersection(self._roll.requires(one)):
                wanted.add(one)
        return [one for one in reversed(self._running) if one in wanted]
