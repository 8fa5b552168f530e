"""What an operation would change, before anything is changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kadr_sdk.errors import Problem
from kadr_sdk.manifest import Manifest

from kadr_registry.client.lockfile import Lock, Locked
from kadr_registry.faults import RefusedError
from kadr_registry.names import look_alikes
from kadr_registry.record import Record

__all__ = ["Change", "Plan", "check_names", "check_together", "locked_of"]


@dataclass(frozen=True, slots=True)
class Change:
    """One plugin that comes, goes or changes; ``old`` or ``new`` is a version, or empty."""

    id: str
    old: str
    new: str
    tier: str = "sandboxed"

    @property
    def what(self) -> str:
        """In one word."""
        if not self.old:
            return "install"
        return "update" if self.new else "remove"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"id": self.id, "what": self.what, "old": self.old, "new": self.new, "tier": self.tier}


@dataclass(frozen=True, slots=True)
class Plan:
    """From one lock to another.

    Attributes:
        records: of every plugin of ``after``, by id.
        held: plugins that stay at their version because of an answer, with the reason.
    """

    before: Lock
    after: Lock
    records: Mapping[str, Record]
    held: Mapping[str, str]

    @property
    def changes(self) -> list[Change]:
        """In order of id."""
        old, new = self.before.plugins, self.after.plugins
        return [
            Change(
                name,
                old[name].version if name in old else "",
                new[name].version if name in new else "",
                (new.get(name) or old[name]).tier,
            )
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        ]


def locked_of(record: Record, registry: str, publisher: str, versions: Mapping[str, str]) -> Locked:
    """The row of a lock.

    Args:
        versions: of all plugins that were resolved, those of the host too.
    """
    manifest = record.manifest
    names = sorted({text.split(" ")[0] for text in map(_plain, manifest.requires)})
    return Locked(
        record.id,
        record.version,
        registry,
        record.digest(),
        publisher,
        record.tier,
        manifest.runtime,
        manifest.api,
        manifest.permission_set.digest(),
        tuple(f"{name} {versions.get(name, '')}".strip() for name in names),
        {blob.path: blob.sha256 for blob in record.blobs if blob.role in ("wasm", "wheel")},
    )


def _plain(requirement: str) -> str:
    from kadr_sdk.manifest import split_requirement

    return " ".join(split_requirement(requirement)).strip()


def check_together(records: Iterable[Record], host: Sequence[Manifest]) -> None:
    """No id and no import package is there twice; otherwise plugins would keep each other from running.

    Raises:
        RefusedError: everything that is there twice.
    """
    problems: list[Problem] = []
    owners = {("contribution", c.kind, c.id): f"{m.id} of the host" for m in host for c in m.contributions}
    packages: dict[str, str] = {}
    for record in records:
        for item in record.manifest.contributions:
            key = ("contribution", item.kind, item.id)
            if (other := owners.setdefault(key, record.id)) != record.id:
                text = f"{item.kind} {item.id!r} also comes from {other}"
                problems.append(Problem(record.id, text, "remove one of them"))
        if (other := packages.setdefault(record.package, record.id)) != record.id:
            text = f"the import package {record.package!r} also comes from {other}"
            problems.append(Problem(record.id, text, "remove one of them"))
    if problems:
        raise RefusedError("these plugins cannot be installed together", problems)


def check_names(plan: Plan, host: Iterable[str], accepted: Collection[str]) -> None:
    """A plugin that is new must not be called almost like one that is there, of other hands.

    Args:
        host: plugins that do not come from the store.
        accepted: names that the user has looked at.

    Raises:
        RefusedError: one is, and whoever typed its name may have meant the other.
    """
    there = dict.fromkeys(host, "") | {p.id: p.publisher for p in plan.before.plugins.values()}
    problems = []
    for one in plan.after.plugins.values():
        if one.id in there or one.id in accepted:
            continue
        others = [name for name, publisher in there.items() if publisher != one.publisher]
        for other in look_alikes(one.id, others):
            text = f"{one.id} of {plan.records[one.id].publisher} looks like {other}, which is installed"
            problems.append(Problem(one.id, text, f"if this is the one you want: --accept-name {one.id}"))
    if problems:
        raise RefusedError("a name may be meant to deceive", problems)
