"""The operator's side: look at a submission, take it whole, sign what follows from it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kadr_sdk.errors import NotFoundError
from kadr_sdk.permissions import PermissionSet
from packaging.version import Version
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Targets
from tuf.api.serialization import DeserializationError

from kadr_registry.faults import RefusedError, RegistryError, TrustError
from kadr_registry.listing import Listing, Release, changes
from kadr_registry.names import INDEX, REVOCATIONS, blob_path, listing_path, publisher_role
from kadr_registry.pace import Limits, Pace
from kadr_registry.record import MAX_RECORD, Blob, Record
from kadr_registry.repository.checks import Checks, GuestCheck, check_release
from kadr_registry.repository.folder import INDEX_ROLE, REVOCATIONS_ROLE, Edit, Repository, target_file
from kadr_registry.repository.setup import publishers
from kadr_registry.revocations import Revocation, Revocations
from kadr_registry.search import Entry, read_index, write_index
from kadr_registry.transport import NotThereError
from kadr_registry.transport.bundle import BundleTransport

__all__ = ["Accepted", "Terms", "accept", "revoke"]

_METADATA = re.compile(r"metadata/([0-9]+)\.(publisher\.[a-z0-9_.]+?)(\.bin-[0-9a-f]+)?\.json")
_MAX_METADATA = 16_000_000


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a submission is accepted.

    Attributes:
        guest: tries guests.
        allow: permissions that a release may ask for anew.
    """

    guest: GuestCheck | None = None
    allow: PermissionSet = field(default_factory=PermissionSet)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was taken: records of new releases, and listings that changed."""

    records: tuple[Record, ...]
    listings: tuple[Listing, ...]


def accept(repository: Repository, submission: Path, terms: Terms) -> Accepted:
    """Take a submission, all or nothing.

    Raises:
        TrustError: not signed by the publisher's keys, or for a name that is not theirs.
        RegistryError: a release would change, or breaks rules; all of them are told.
    """
    transport = BundleTransport(submission)
    try:
        with repository.edit() as edit:
            return _Acceptance(edit, transport, terms).run()
    finally:
        transport.close()


class _Acceptance:
    """One submission against the state of a registry."""

    def __init__(self, edit: Edit, transport: BundleTransport, terms: Terms) -> None:
        self._edit, self._transport, self._terms = edit, transport, terms
        self._records: list[Record] = []
        self._listings: list[Listing] = []
        self._entries = {entry.id: entry for entry in _index(edit)}

    def run(self) -> Accepted:
        names = [m for name in self._transport.names if (m := _METADATA.fullmatch(name))]
        if not names:
            raise RegistryError("this is no submission: nobody signed it", path=self._transport.place)
        for match in sorted(names, key=lambda m: (m[2], m[3] or "")):
            self._role(match[0], f"{match[2]}{match[3] or ''}", match[2])
        revoked = _revocations(self._edit)
        for listing in self._listings:
            _index_entry(self._edit, self._entries, listing, self._records, revoked)
        self._edit.put_target(INDEX_ROLE, INDEX, write_index(self._entries.values()))
        return Accepted(tuple(self._records), tuple(self._listings))

    def _role(self, path: str, name: str, publisher: str) -> None:
        data = self._read(path, _MAX_METADATA)
        new = self._verified(name, publisher, data)
        old: Mapping[str, object] = self._edit.role(name).signed.targets if self._edit.has(name) else {}
        for target in sorted(old.keys() - new.signed.targets.keys()):
            raise RegistryError(f"{name} would remove {target}", hint="yank or revoke its releases instead")
        before = self._edit.role(name) if self._edit.has(name) else Metadata(Targets())
        self._edit.add_role(name, new, data)
        for target, info in new.signed.targets.items():
            if old.get(target) != info:
                self._listing(before, target, name, publisher)

    def _verified(self, name: str, publisher: str, data: bytes) -> Metadata[Targets]:
        """The metadata, signed by its keys, in its next version, and not expired."""
        place = self._transport.place
        if publisher.removeprefix(publisher_role("")) not in publishers(self._edit):
            raise TrustError(f"nobody was given the role {publisher}", path=place)
        parent = self._edit.targets if name == publisher else self._edit.role(publisher)
        try:
            found = Metadata[Targets].from_bytes(data)
            parent.signed.verify_delegate(name, found.signed_bytes, found.signatures)
        except (RepositoryError, DeserializationError, ValueError) as error:
            hint = "sign with the keys that the registry knows for this namespace"
            raise TrustError(f"{name} is not signed as it must be: {error}", path=place, hint=hint) from error
        known = self._edit.snapshot.signed.meta.get(f"{name}.json")
        expected = 1 + (known.version if known else 0)
        if found.signed.version != expected:
            text = f"{name} is version {found.signed.version}, the next one is {expected}"
            raise RegistryError(text, path=place, hint="submit again: somebody else was faster")
        if found.signed.delegations is not None and name != publisher:
            raise TrustError(f"{name} delegates further, and a bin may not", path=place)
        return found

    def _listing(self, before: Metadata[Targets], target: str, name: str, publisher: str) -> None:
        plugin = target.removeprefix("packages/").removesuffix(".json")
        namespace = publisher.removeprefix(publisher_role(""))
        if target != listing_path(plugin) or not plugin.startswith(f"{namespace}."):
            raise TrustError(f"{name} signs {target}, which is not its own", path=self._transport.place)
        info = self._edit.role(name).signed.targets[target]
        _, _, file = target.rpartition("/")
        place = f"targets/packages/{info.hashes['sha256']}.{file}"
        data = self._read(place, info.length)
        if target_file(target, data)[0] != info:
            raise TrustError(f"{target} is not what was signed", path=self._transport.place)
        listing = Listing.from_bytes(data, plugin)
        known = self._edit.target(before, target)
        old = Listing.from_bytes(known, plugin) if known else Listing(plugin)
        added = changes(old, listing)
        self._edit.add_file(place, data)
        self._listings.append(listing)
        for release in sorted(added, key=lambda r: Version(r.version)):
            self._release(release, old, namespace)

    def _release(self, release: Release, old: Listing, namespace: str) -> None:
        data = self._blob(release.record, release.size, MAX_RECORD)
        record = Record.from_bytes(data)
        if replace(Release.of(record, release.published), yanked=release.yanked) != release:
            raise RegistryError(f"the listing of {old.id} does not say what the record says")
        if record.publisher != namespace or record.id != old.id:
            raise TrustError(
                f"the record is of {record.id}, by {record.publisher!r}", path=self._transport.place
            )
        rows = tuple(check_release(record, self._content, self._checks(old)))
        if rows:
            raise RefusedError(f"{record.id} {record.version} is not accepted", rows)
        self._edit.add_file(blob_path(release.record), data)
        for blob in record.blobs:
            self._edit.add_file(blob_path(blob.sha256), self._content(blob))
        self._records.append(record)

    def _checks(self, old: Listing) -> Checks:
        """Permissions are held against the newest release before this one."""
        granted = None
        if old.releases:
            newest = Record.from_bytes(self._edit.blob(old.releases[0].record))
            granted = newest.manifest.permission_set
        return Checks(tuple(self._entries), granted, self._terms.guest, self._terms.allow)

    def _content(self, blob: Blob) -> bytes:
        return self._blob(blob.sha256, blob.size, blob.size)

    def _blob(self, sha256: str, size: int, limit: int) -> bytes:
        data = self._read(blob_path(sha256), min(size, limit))
        if len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
            raise TrustError(f"the blob {sha256[:12]}… is not what its name says", path=self._transport.place)
        return data

    def _read(self, path: str, limit: int) -> bytes:
        pace = Pace(Limits(deadline=3600))
        try:
            data = b"".join(self._transport.read(path, pace))
        except NotThereError:
            raise RegistryError(f"the submission lacks {path}", path=self._transport.place) from None
        if len(data) > limit:
            raise TrustError(f"{path} is larger than it may be", path=self._transport.place)
        return data


def revoke(repository: Repository, plugin: str, version: str, reason: str) -> Revocations:
    """Add a row to the revocation list.

    Args:
        version: of one release, or ``*``.

    Raises:
        NotFoundError: there is no such plugin.
        RegistryError: there is no such release, or no reason.
    """
    if not reason.strip():
        raise RegistryError("a reason is needed", hint="--reason 'what is wrong with it'")
    with repository.edit() as edit:
        entries = {entry.id: entry for entry in _index(edit)}
        listing = _known_listing(edit, plugin)
        if version != "*" and listing.find(version) is None:
            raise RegistryError(f"{plugin} has no release {version}")
        row = Revocation(plugin, version, reason.strip(), repository.today())
        revoked = _revocations(edit).with_row(row)
        edit.put_target(REVOCATIONS_ROLE, REVOCATIONS, revoked.to_bytes())
        _index_entry(edit, entries, listing, [], revoked)
        edit.put_target(INDEX_ROLE, INDEX, write_index(entries.values()))
    return revoked


def _known_listing(edit: Edit, plugin: str) -> Listing:
    path = listing_path(plugin)
    for namespace in publishers(edit):
        name = publisher_role(namespace)
        if not plugin.startswith(f"{namespace}.") or not edit.has(name):
            continue
        role = edit.role(name)
        bins = role.signed.delegations.succinct_roles if role.signed.delegations else None
        role = edit.role(bins.get_role_for_target(path)) if bins else role
        if data := edit.target(role, path):
            return Listing.from_bytes(data, plugin)
    raise NotFoundError("plugin", plugin, [entry.id for entry in _index(edit)])


def _revocations(edit: Edit) -> Revocations:
    data = edit.target(edit.role(REVOCATIONS_ROLE), REVOCATIONS)
    return Revocations.from_bytes(data or Revocations().to_bytes())


def _index(edit: Edit) -> list[Entry]:
    return read_index(edit.target(edit.role(INDEX_ROLE), INDEX) or b"")


def _index_entry(
    edit: Edit, entries: dict[str, Entry], listing: Listing, records: list[Record], revoked: Revocations
) -> None:
    """Let the index show the newest release that anybody should use.

    A plugin without one keeps its row, without a version: search leaves it out, mirrors do not.
    """
    usable = [r for r in listing.releases if not r.yanked and not revoked.reason(listing.id, r.version)]
    chosen = next((r for r in usable if not Version(r.version).is_prerelease), usable[0] if usable else None)
    shown = chosen or listing.releases[0]
    fresh = next((r for r in records if (r.id, r.version) == (listing.id, shown.version)), None)
    entry = Entry.of(fresh or Record.from_bytes(edit.blob(shown.record)))
    entries[listing.id] = entry if chosen else replace(entry, version="")
