"""The roll of plugins: a row for each, its state, and why it may not run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from kadr_sdk.errors import PluginError, PluginNotActiveError, PluginNotFoundError, Problem, did_you_mean
from kadr_sdk.services import Config

from kadr_kernel.plugins.consent import Consent
from kadr_kernel.plugins.crashes import CrashGuard
from kadr_kernel.plugins.discovery import Found
from kadr_kernel.plugins.outbox import Outbox
from kadr_kernel.plugins.resolve import Resolution, resolve
from kadr_kernel.plugins.roster import Absence, Choice, left_out
from kadr_kernel.plugins.rows import Row
from kadr_kernel.plugins.states import events_of, step
from kadr_kernel.plugins.trimmed import left_out_of_build
from kadr_kernel.plugins.versions import split

__all__ = ["RUNNING", "Roll"]

RUNNING = ("active", "suspended")
"""States of plugins that have a context."""
_DISABLED = "plugins.disabled"


class Roll:
    """Rows by id. Not locked: its owner is.

    Args:
        found: what discovery found.
        choice: who shall run; ``disabled`` and ``crashed`` are read anew at each resolving.
        config: where the disabled ones are remembered.
        crashes: who took the process down.
        consent: whom the policy or the user lets run.
        outbox: told of every step.
    """

    def __init__(
        self,
        found: Sequence[Found],
        choice: Choice,
        config: Config,
        crashes: CrashGuard,
        consent: Consent,
        outbox: Outbox,
    ) -> None:
        self.rows = tuple(Row(row) for row in found)
        self.resolution = Resolution((), {}, {})
        self._choice = choice
        self._config = config
        self._crashes = crashes
        self._consent = consent
        self._outbox = outbox
        self._left_out: Mapping[str, Absence] = {}
        # Beside a broken row the readable one has the id; of namesakes one speaks for all.
        self._by_id = {row.id: row for row in sorted(self.rows, key=lambda r: r.manifest is not None)}

    def __getitem__(self, plugin: str) -> Row:
        """The row of a plugin.

        Raises:
            PluginNotFoundError: not installed.
        """
        row = self._by_id.get(plugin)
        if row is None:
            hint = did_you_mean(plugin, self._by_id) or "no plugin is installed"
            raise PluginNotFoundError(f"no plugin {plugin!r} is installed", hint=hint, plugin=plugin)
        return row

    def requires(self, plugin: str) -> Iterator[str]:
        """Ids that its manifest requires."""
        row = self._by_id.get(plugin)
        if row is not None and row.manifest is not None:
            yield from (split(text)[0] for text in row.manifest.requires)

    def resolve(self) -> None:
        """Look anew at who may run and who fits together; what runs is not touched."""
        found = [row.found for row in self.rows]
        choice = replace(
            self._choice,
            disabled=self.disabled(),
            crashed=self._crashes.crashes(),
            waiting={f.id: problem for f in found if (problem := self._consent.missing(f))},
        )
        self._left_out = left_out(found, choice)
        manifests = [f.manifest for f in found if f.manifest and f.id not in self._left_out]
        absent = {f.id: "see kadr plugin doctor" for f in found if not f.manifest}
        absent |= {plugin: str(absence) for plugin, absence in self._left_out.items()}
        self.resolution = resolve(manifests, absent=absent)
        for row in self.rows:
            absence = self._left_out.get(row.id)
            row.enabled = row.id not in choice.disabled and not (absence and absence.by == "crash")
            if row.state not in RUNNING:
                self._judge(row, absence)

    def _judge(self, row: Row, absence: Absence | None) -> None:
        """Say of a plugin that does not run whether it could."""
        if row.manifest is None:
            self.fail(row, (Problem("", row.found.error),))
        elif absence is not None and absence.by == "crash":
            self.fail(row, (absence.why,))
        elif absence is not None:
            row.reasons = (absence.why,) if absence.by == "consent" else ()
        elif reasons := self.resolution.problems.get(row.id):
            self.fail(row, reasons)
        else:
            row.reasons = ()
            if row.state in ("found", "failed"):
                self.step(row, "resolved")

    def disabled(self) -> set[str]:
        """Ids that the user switched off."""
        return set(self._config.get(_DISABLED) or ())

    def set_enabled(self, plugin: str, enabled: bool, permissions: Iterable[str] | None = None) -> None:
        """Remember whether the user wants it.

        Enabling says yes to it and forgets its crashes; disabling takes back what was granted.
        """
        disabled = self.disabled()
        if plugin not in disabled:  # one that was uninstalled may still be on the list
            self[plugin]
        wanted = disabled - {plugin} if enabled else disabled | {plugin}
        if wanted != disabled:
            self._config.set(_DISABLED, sorted(wanted))
        if not enabled:
            self._consent.take_back(plugin)
        else:
            self._crashes.clear(plugin)
            if (row := self._by_id.get(plugin)) is not None:
                self._consent.give(row.found, permissions)

    def step(self, row: Row, new: str) -> None:
        """Move a row along the table of states, and tell."""
        old, row.state = row.state, step(row.id, row.state, new)
        version = row.manifest.version if row.manifest else ""
        self._outbox.put(events_of(row.id, old, new, version=version, reason=row.error))

    def fail(self, row: Row, reasons: tuple[Problem, ...]) -> None:
        """Say why a plugin cannot run."""
        row.reasons = reasons
        if row.state != "failed":
            self.step(row, "failed")

    def refusal(self, row: Row) -> PluginError:
        """Why it cannot be activated, with the remedy."""
        why = self._why(row)
        text = f"plugin {row.id!r} cannot be activated: {why.message}"
        return PluginError(text, hint=why.hint, plugin=row.id)

    def not_active(self, row: Row) -> PluginNotActiveError:
        """Why it cannot be used, with the remedy."""
        why = self._why(row)
        text = f"plugin {row.id!r} is not active: {why.message}"
        return PluginNotActiveError(text, hint=why.hint, plugin=row.id, state=row.state)

    def absent(self, kind: str, name: str) -> str:
        """Why no active plugin has a contribution that an installed one declares, or nothing."""
        for row in self.rows:
            for item in row.manifest.contributions if row.manifest and row.state != "active" else ():
                if item.kind == kind and name in (item.id, *item.names):
                    return f"plugin {row.id!r} has it, but {Absence('', self._why(row))}"
        return left_out_of_build(kind, name)

    def _why(self, row: Row) -> Problem:
        if row.state == "suspended":
            return Problem("", "it is suspended", "resume it")
        if (absence := self._left_out.get(row.id)) is not None:
            return absence.why
        if row.reasons:
            return row.reasons[0]
        return Problem("", f"it is {row.state}", "activate it")
