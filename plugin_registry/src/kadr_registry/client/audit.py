"""What is wrong with what is installed: revoked, yanked, changed on the disk, signed by others, outdated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kadr_sdk.errors import KadrError
from packaging.version import Version

from kadr_registry.client.client import Client
from kadr_registry.client.lockfile import Lock, Locked
from kadr_registry.client.publishers import identity
from kadr_registry.client.staging import damaged

__all__ = ["Finding", "audit", "outdated"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a plugin; an ``error`` is a reason not to run it."""

    id: str
    version: str
    severity: str
    message: str
    hint: str = ""


def audit(client: Client, *, offline: bool = False) -> list[Finding]:
    """Everything that is wrong, in order of plugin.

    Args:
        offline: ask no registry; what was seen of it last is taken.
    """
    findings: list[Finding] = []
    for one in client.lock().plugins.values():
        findings += _own(client, one)
        findings += _of_registry(client, one, offline=offline)
    return findings


def _own(client: Client, one: Locked) -> Iterator[Finding]:
    item = next(p for p in client.current().plugins if p.id == one.id)
    if name := damaged(client.places.root / item.folder, item.files):
        text = f"{name} is not what was installed"
        yield Finding(one.id, one.version, "error", text, "kadr plugin sync")


def _of_registry(client: Client, one: Locked, *, offline: bool) -> Iterator[Finding]:
    registries = client.planner.registries
    try:
        if offline:
            revocations = registries.known_revocations(one.registry)
        else:
            registry = registries.named(one.registry)
            revocations = registry.revocations()
        if reason := revocations.reason(one.id, one.version):
            yield Finding(
                one.id, one.version, "error", f"it was revoked: {reason}", f"kadr plugin update {one.id}"
            )
        if offline:
            return
        found = next((r for r in registry.releases(one.id) if r.version == one.version), None)
        if found is None or found.record != one.record:
            yield Finding(one.id, one.version, "error", "its registry does not have this release any more")
        elif found.yanked:
            yield Finding(
                one.id, one.version, "warning", f"it was yanked: {found.yanked}", "kadr plugin update"
            )
        if (now := identity(registry.publisher_keys(one.id))) != one.publisher:
            text = f"its publisher has other keys now ({now[:20]}…)"
            yield Finding(one.id, one.version, "warning", text, "ask its publisher before you update")
    except KadrError as error:
        yield Finding(
            one.id, one.version, "warning", f"its registry cannot be asked: {error.message}", error.hint
        )


def outdated(client: Client, *, pre: bool = False) -> list[tuple[Locked, str, str]]:
    """Plugins with a newer release: what is installed, the newest, and why it may not be taken."""
    lock: Lock = client.lock()
    found = []
    for one in lock.plugins.values():
        newer = [
            r
            for r in client.planner.releases(one.id)
            if Version(r.version) > Version(one.version) and not r.yanked
        ]
        newer = [r for r in newer if pre or not Version(r.version).is_prerelease]
        if newer:
            refusal = client.planner.revoked(one.id, newer[0].version)
            found.append((one, newer[0].version, refusal))
    return found
