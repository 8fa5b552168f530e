"""Plans: which releases a set of wishes comes to, with their verified records. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kadr_sdk.manifest import Manifest, split_requirement
from packaging.specifiers import SpecifierSet

from kadr_registry.client.lockfile import Lock, Locked
from kadr_registry.client.places import Places
from kadr_registry.client.plan import Plan, check_names, check_together, locked_of
from kadr_registry.client.publishers import Publishers, identity
from kadr_registry.client.registries import Registries
from kadr_registry.client.resolve import Candidate, Rules, Wish, resolve
from kadr_registry.client.wheels import machine_tags
from kadr_registry.faults import RegistryError, RevokedError, TrustError
from kadr_registry.listing import Release
from kadr_registry.record import MAX_RECORD, Blob, Record
from kadr_registry.store import BlobStore

__all__ = ["Planner", "Terms"]


@dataclass(frozen=True, slots=True)
class Terms:
    """How an operation is meant.

    Attributes:
        pre: pre-releases may be chosen.
        locked: nothing that is locked may change.
        new_keys: plugins whose publisher may have other keys than before.
        names: plugins that may be called almost like others.
        dry: plan and ask, and change nothing.
    """

    pre: bool = False
    locked: bool = False
    new_keys: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    dry: bool = False


@dataclass(slots=True)
class Planner:
    """Asks registries, each for each plugin once.

    Attributes:
        host: manifests of plugins that do not come from the store.
    """

    places: Places
    registries: Registries
    host: Sequence[Manifest] = ()
    _releases: dict[str, Sequence[Release]] = field(default_factory=dict)
    _records: dict[tuple[str, str], Record] = field(default_factory=dict)

    def plan(
        self,
        lock: Lock,
        asked: Mapping[str, str],
        moving: frozenset[str],
        terms: Terms,
        *,
        stay: bool = False,
        held: Mapping[str, str] | None = None,
    ) -> Plan:
        """The plan for a set of wishes; of ``moving`` plugins the locked version is not preferred."""
        held = held or {}
        locked = {
            p.id: p.version for p in lock.plugins.values() if p.id not in moving or p.id in held or stay
        }
        rules = Rules(
            self.releases,
            {m.id: m.version for m in self.host},
            self.revoked,
            machine_tags(),
            frozenset(asked),
            locked,
            {p.id: p.version for p in lock.plugins.values()},
            terms.pre,
            frozenset(held),
        )
        wishes = [Wish(name, SpecifierSet(wanted)) for name, wanted in asked.items()]
        wishes += [w for m in self.host for w in _refusals_of(m)]
        found = resolve(wishes, rules)
        versions = {name: c.version for name, c in found.items()}
        rows = [self._locked(c, versions, terms) for c in found.values() if c.release is not None]
        plan = self.exactly(lock, Lock.of({n: w for n, w in asked.items() if n in versions}, rows))
        check_together(plan.records.values(), self.host)
        check_names(plan, [m.id for m in self.host], terms.names)
        return plan

    def _locked(self, candidate: Candidate, versions: Mapping[str, str], terms: Terms) -> Locked:
        registry = self.registries.of(candidate.plugin)
        record = self._of_registry(candidate.plugin, candidate.version)
        publisher = identity(registry.publisher_keys(candidate.plugin))
        if candidate.plugin not in terms.new_keys:
            Publishers(self.places.root).check(candidate.plugin, publisher)
        return locked_of(record, registry.name, publisher, versions)

    def exactly(self, before: Lock, after: Lock) -> Plan:
        """The plan for a lock as it is."""
        return Plan(before, after, {one.id: self.record(one) for one in after.plugins.values()}, {})

    def record(self, one: Locked) -> Record:
        """The record of a locked release: from the disk where it is, else from its registry."""
        kept = self._kept_record(one.record)
        record = kept or self._of_registry(one.id, one.version)
        if record.id != one.id or record.digest() != one.record:
            text = f"{one.id} {one.version} is not the release that the lock names"
            raise TrustError(text, hint="the lock is of another registry, or was changed")
        return record

    def _kept_record(self, digest: str) -> Record | None:
        path = BlobStore(self.places.root).path(digest)
        try:
            size = path.stat().st_size
            found = BlobStore(self.places.root).get(digest, size) if size <= MAX_RECORD else None
            return Record.from_bytes(found.read_bytes()) if found else None
        except OSError:
            return None

    def _of_registry(self, plugin: str, version: str) -> Record:
        key = plugin, version
        if key not in self._records:
            self._records[key] = self.registries.of(plugin).record(plugin, version)
        return self._records[key]

    def releases(self, plugin: str) -> Sequence[Release]:
        """What the registry of a plugin offers, the newest first."""
        if plugin not in self._releases:
            self._releases[plugin] = self.registries.of(plugin).releases(plugin)
        return self._releases[plugin]

    def revoked(self, plugin: str, version: str) -> str:
        """Why a release was revoked, or nothing."""
        return self.registries.of(plugin).revocations().reason(plugin, version)

    def not_revoked(self, lock: Lock) -> None:
        """By the lists that were seen last, without asking anybody."""
        for one in lock.plugins.values():
            reason = self.registries.known_revocations(one.registry).reason(one.id, one.version)
            if reason:
                text = f"{one.id} {one.version} was revoked: {reason}"
                raise RevokedError(text, hint="update it instead")

    def not_of_the_host(self, names: Iterable[str]) -> None:
        """Return where none of the plugins is there by other ways.

        Raises:
            RegistryError: one is.
        """
        versions = {m.id: m.version for m in self.host}
        for name in names:
            if name in versions:
                text = f"{name} {versions[name]} is installed already, but not from a registry"
                raise RegistryError(text, hint="it is updated or removed the way it came")

    def blob(self, record: Record, blob: Blob) -> Path:
        """The verified file of a blob: from the disk where it is, else from its registry."""
        known = BlobStore(self.places.root).get(blob.sha256, blob.size)
        return known or self.registries.of(record.id).fetch(blob)


def _refusals_of(manifest: Manifest) -> list[Wish]:
    """What a plugin of the host cannot run beside."""
    by = f"{manifest.id} {manifest.version}"
    pairs = map(split_requirement, manifest.conflicts)
    return [Wish(plugin, SpecifierSet(wanted), by, without=True) for plugin, wanted in pairs]
