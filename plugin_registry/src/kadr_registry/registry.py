"""The reader of one registry: what the client of plugins is built on.

Example::

    registry = Registry("example", open_transport("https://example.org/plugins"), root, folder)
    registry.refresh()
    newest = registry.releases("org.example.glow")[0]
    record = registry.record("org.example.glow", newest.version)
    paths = [registry.fetch(blob) for blob in record.blobs]
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kadr_sdk.errors import NotFoundError
from kadr_sdk.ids import check_plugin_id

from kadr_registry.faults import RegistryError, RevokedError, TrustError, UnreachableError
from kadr_registry.files import write_whole
from kadr_registry.listing import MAX_LISTING, Listing, Release
from kadr_registry.names import INDEX, REVOCATIONS, blob_path, listing_path
from kadr_registry.pace import Limits, Pace
from kadr_registry.record import MAX_RECORD, Blob, Record
from kadr_registry.revocations import MAX_REVOCATIONS, Revocations
from kadr_registry.search import MAX_INDEX, Entry, read_index, search
from kadr_registry.store import BlobStore
from kadr_registry.transport import NotThereError, Transport
from kadr_registry.trust import Trust

__all__ = ["Registry", "State"]


@dataclass(frozen=True, slots=True)
class State:
    """What a refresh found.

    Attributes:
        expires: when it is too old to be believed; before now only with ``stale_days``.
        root_version: of the trusted root.
        snapshot: sha256 of what it says of all plugins; two users who see the same have the same.
        namespaces: key ids by namespace.
    """

    expires: datetime
    root_version: int
    snapshot: str
    namespaces: dict[str, tuple[str, ...]]


class Registry:
    """One registry as a user sees it. Safe to use from several threads and processes.

    Args:
        name: what the user calls it.
        transport: where its files come from; believed in nothing.
        root: the root metadata that the user trusts.
        folder: of this registry on the user's disk.
        blobs: folder of blobs, may be shared by registries; None: below ``folder``.
        now: seconds since 1970 UTC.
        stale_days: see :class:`~kadr_registry.trust.Trust`.
    """

    def __init__(
        self,
        name: str,
        transport: Transport,
        root: bytes,
        folder: Path,
        *,
        blobs: Path | None = None,
        limits: Limits | None = None,
        now: Callable[[], float] = time.time,
        stale_days: int = 0,
    ) -> None:
        self.name = name
        self._transport, self._folder = transport, folder
        self._limits = limits or Limits()
        self._trust = Trust(name, root, folder, transport, self._limits, now, stale_days)
        self._store = BlobStore(blobs or folder)

    @property
    def place(self) -> str:
        """Where its files come from."""
        return self._transport.place

    def close(self) -> None:
        """Give back what the transport holds."""
        self._transport.close()

    def refresh(self) -> State:
        """Fetch and check what is new.

        Raises:
            TrustError: expired, rolled back, mixed, or not signed by enough keys.
            UnreachableError, TimeoutExceededError: the transport failed.
        """
        self._trust.refresh()
        self.revocations()  # kept, so that it is known without a network too
        trust = self._trust
        return State(trust.expires(), trust.root_version(), trust.snapshot(), trust.keys().publishers)

    def releases(self, name: str) -> tuple[Release, ...]:
        """Every release of a plugin, the newest version first, yanked ones too.

        Raises:
            NotFoundError: the registry does not have the plugin.
            TrustError: a release has other content than it had before.
        """
        return self._listing(name).releases

    def record(self, name: str, version: str) -> Record:
        """The record of a release.

        Raises:
            NotFoundError: no such plugin or release.
            RevokedError: it must not be used; says why.
            TrustError: it is not what the publisher signed.
        """
        listing = self._listing(name)
        release = listing.find(version)
        if release is None:
            raise NotFoundError(f"release of {name}", version, [r.version for r in listing.releases])
        if reason := self.revocations().reason(name, version):
            raise RevokedError(
                f"{name} {version} was revoked: {reason}",
                path=self.place,
                hint="use another version, and remove this one where it is installed",
            )
        path = self._blob(release.record, release.size, f"the record of {name} {version}", MAX_RECORD)
        record = Record.from_bytes(path.read_bytes())
        expected = Release.of(record, release.published)
        if record.id != name or expected.record != release.record or _facts(expected) != _facts(release):
            raise TrustError(f"the record of {name} {version} is not what its listing says", path=self.place)
        if record.publisher != self._trust.keys().namespace(name):
            raise TrustError(f"{name} {version} says that it is of {record.publisher!r}", path=self.place)
        return record

    def fetch(self, blob: Blob) -> Path:
        """A read-only file with the bytes of a blob; downloaded only where it is not there yet.

        Raises:
            TrustError: other bytes than were signed; nothing is kept.
            UnreachableError, TimeoutExceededError: the transport failed.
        """
        return self._blob(blob.sha256, blob.size, blob.path, blob.size)

    def revocations(self) -> Revocations:
        """The revocation list of the last refresh."""
        data = self._trust.target(REVOCATIONS, MAX_REVOCATIONS)
        if data is None:
            raise TrustError("the registry has no revocation list", path=self.place)
        known = self._folder / REVOCATIONS
        if not known.is_file() or known.read_bytes() != data:
            write_whole(known, data)
        return Revocations.from_bytes(data)

    def known_revocations(self) -> Revocations:
        """The list that was last verified, without asking anybody; empty where there was none."""
        try:
            return Revocations.from_bytes((self._folder / REVOCATIONS).read_bytes())
        except OSError:
            return Revocations()

    def search(self, text: str, limit: int = 50) -> list[Entry]:
        """Plugins that hold every word, the best first."""
        return search(self._index(), text, limit)

    def plugins(self) -> list[Entry]:
        """Every plugin, in order of id."""
        return read_index(self._index())

    def _index(self) -> bytes:
        data = self._trust.target(INDEX, MAX_INDEX)
        if data is None:
            raise TrustError("the registry has no index", path=self.place)
        return data

    def publisher_keys(self, name: str) -> tuple[str, ...]:
        """Ids of the keys that sign for a plugin; grants are bound to them."""
        keys = self._trust.keys()
        return keys.publishers.get(keys.namespace(name), ())

    def _listing(self, name: str) -> Listing:
        try:
            check_plugin_id(name)
        except ValueError as error:
            raise RegistryError(str(error)) from error
        signed = bool(self._trust.keys().namespace(name))
        data = self._trust.target(listing_path(name), MAX_LISTING) if signed else None
        if data is None:
            raise NotFoundError("plugin", name, [entry.id for entry in self.plugins()], path=self.place)
        listing = Listing.from_bytes(data, name)
        self._unchanged(listing)
        return listing

    def _unchanged(self, listing: Listing) -> None:
        """A version that was seen once never means other bytes later, whoever signed them."""
        path = self._folder / "seen" / f"{listing.id}.json"
        try:
            seen: dict[str, str] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            seen = {}
        now = {release.version: release.record for release in listing.releases}
        changed = sorted(v for v, digest in now.items() if seen.get(v, digest) != digest)
        if changed:
            text = f"{listing.id} {changed[0]} has other content than when it was seen first"
            raise TrustError(text, path=self.place, hint="a release never changes; ask its publisher")
        if not now.keys() <= seen.keys():
            write_whole(path, json.dumps(seen | now, sort_keys=True).encode(), sync=False)

    def _blob(self, sha256: str, size: int, what: str, limit: int) -> Path:
        if size > limit:
            raise TrustError(f"{what} is larger than {limit} bytes", path=self.place)
        if (known := self._store.get(sha256, size)) is not None:
            return known
        pace = Pace(self._limits, self._limits.for_size(size))
        try:
            pieces = self._transport.read(blob_path(sha256), pace)
            return self._store.take(sha256, size, pieces, what, self.place)
        except NotThereError:
            hint = "a mirror may be incomplete: try its own address"
            raise UnreachableError(f"{what} is not there", path=self.place, hint=hint) from None


def _facts(release: Release) -> tuple[object, ...]:
    return (
        release.version,
        release.api,
        release.tier,
        release.requires,
        release.conflicts,
        release.platforms,
    )
