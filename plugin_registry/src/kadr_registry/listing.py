"""The listing of a plugin: its releases, signed by its publisher."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from kadr_sdk.ids import check_plugin_id
from packaging.version import Version

from kadr_registry import canonical
from kadr_registry.faults import RegistryError
from kadr_registry.record import SCHEMA, Record

__all__ = ["MAX_LISTING", "Listing", "Release", "changes"]

MAX_LISTING = 8 << 20


@dataclass(frozen=True, slots=True)
class Release:
    """One row of a listing: what a resolver needs, and the digest of the record.

    Attributes:
        record: sha256 of the release record; ``size`` its bytes.
        published: day, ``2026-01-31``.
        yanked: why nobody should begin to use it; empty where it is not yanked.
        api, requires, conflicts, platforms, tier: as the record says.
    """

    version: str
    record: str
    size: int
    published: str
    api: str
    tier: str
    requires: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    yanked: str = ""

    @classmethod
    def of(cls, record: Record, published: str) -> Release:
        """The row of a record."""
        data, manifest = record.to_bytes(), record.manifest
        return cls(
            record.version,
            record.digest(),
            len(data),
            published,
            manifest.api,
            record.tier,
            manifest.requires,
            manifest.conflicts,
            record.platforms,
        )


@dataclass(frozen=True, slots=True)
class Listing:
    """All releases of a plugin, the newest version first."""

    id: str
    releases: tuple[Release, ...] = ()

    def find(self, version: str) -> Release | None:
        """The release of a version, however the version is written."""
        return next((r for r in self.releases if Version(r.version) == Version(version)), None)

    def with_release(self, release: Release) -> Listing:
        """The listing with one more release.

        Raises:
            RegistryError: the version is there already: a release never changes.
        """
        if (old := self.find(release.version)) is not None:
            what = "with the same content" if old.record == release.record else "with other content"
            text = f"{self.id} {release.version} is published already, {what}"
            raise RegistryError(text, hint="a release never changes: publish a new version")
        return Listing(self.id, _ordered((*self.releases, release)))

    def yanked(self, version: str, reason: str) -> Listing:
        """The listing with a release yanked for a reason, or offered again where it is empty.

        Raises:
            RegistryError: there is no such release.
        """
        if (old := self.find(version)) is None:
            known = ", ".join(r.version for r in self.releases[:8]) or "none"
            raise RegistryError(f"{self.id} has no release {version}", hint=f"releases: {known}")
        kept = (r for r in self.releases if r is not old)
        return Listing(self.id, _ordered((*kept, replace(old, yanked=reason))))

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        rows = [asdict(release) for release in self.releases]
        return canonical.encode({"schema": SCHEMA, "id": self.id, "releases": rows})

    @classmethod
    def from_bytes(cls, data: bytes, plugin: str) -> Listing:
        """The listing of a plugin.

        Raises:
            RegistryError: broken, of a newer schema, or of another plugin.
        """
        found = canonical.decode(data, f"the listing of {plugin}")
        if found.get("schema") != SCHEMA:
            raise RegistryError(f"the listing of {plugin} has an unknown schema", hint="update kadr")
        try:
            listing = cls(check_plugin_id(found["id"]), tuple(_release(row) for row in found["releases"]))
            if listing.id != plugin or listing.releases != _ordered(listing.releases):
                raise ValueError(f"it is of {listing.id}, or out of order")
            if len({Version(r.version) for r in listing.releases}) != len(listing.releases):
                raise ValueError("a version is there twice")
        except (ValueError, TypeError, KeyError) as error:
            raise RegistryError(f"the listing of {plugin} is broken: {error}") from error
        return listing


def changes(old: Listing, new: Listing) -> tuple[Release, ...]:
    """The releases that ``new`` adds.

    Raises:
        RegistryError: ``new`` removes a release, or changes more of one than whether it is yanked.
    """
    for release in old.releases:
        now = new.find(release.version)
        if now is None or replace(now, yanked=release.yanked) != release:
            what = "is missing" if now is None else "has changed"
            raise RegistryError(f"{old.id} {release.version} {what}: a release never changes")
    return tuple(r for r in new.releases if old.find(r.version) is None)


def _ordered(releases: Iterable[Release]) -> tuple[Release, ...]:
    return tuple(sorted(releases, key=lambda r: Version(r.version), reverse=True))


def _release(row: Mapping[str, Any]) -> Release:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    release = Release(**values)
    texts = (release.version, release.record, release.published, release.api, release.tier, release.yanked)
    lists = (*release.requires, *release.conflicts, *release.platforms)
    if not all(isinstance(text, str) for text in (*texts, *lists)):
        raise ValueError("a text is expected")
    if type(release.size) is not int or release.size < 0 or len(release.record) != 64:
        raise ValueError("a size or a digest is wrong")
    Version(release.version)
    return release
