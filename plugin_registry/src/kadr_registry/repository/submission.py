"""A publisher's side: sign the namespace's own targets, and hand them over in one file.

A submission is a bundle with the same paths as a repository: the publisher's metadata in its
next version, the listing, the record and the blobs. The operator accepts it, or does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Delegations, Metadata, SuccinctRoles, Targets

from kadr_registry.faults import RegistryError
from kadr_registry.listing import MAX_LISTING, Listing, Release
from kadr_registry.names import blob_path, listing_path, namespace_of, publisher_role
from kadr_registry.pack import Package
from kadr_registry.repository.folder import DAYS, target_file
from kadr_registry.transport import Sink
from kadr_registry.trust import Trust

__all__ = ["Publisher"]


@dataclass(frozen=True, slots=True)
class Publisher:
    """Signs for one namespace on the state that a registry shows.

    Attributes:
        trust: the registry as it is now, verified.
        folder: where ``trust`` keeps what it verified.
        signers: the publisher's keys.
        bins: for the first submission: a power of two; the packages of the namespace are spread
            over so many signed files, by the hash of their names.
    """

    namespace: str
    trust: Trust
    folder: Path
    signers: Sequence[CryptoSigner]
    now: Callable[[], float]
    bins: int = 1

    def release(self, package: Package, sink: Sink) -> Listing:
        """Submit a release.

        Raises:
            RegistryError: the version is there already, or the namespace is not this publisher's.
        """
        record = package.record
        day = datetime.fromtimestamp(self.now(), UTC).date().isoformat()
        listing = self._listing(record.id).with_release(Release.of(record, day))
        sink.put(blob_path(record.digest()), record.to_bytes())
        for digest, path in sorted(package.files.items()):
            sink.put(blob_path(digest), path)
        self._sign(listing, sink)
        return listing

    def yank(self, plugin: str, version: str, reason: str, sink: Sink) -> Listing:
        """Submit that a release is yanked for a reason, or offered again where it is empty.

        Raises:
            RegistryError: there is no such release.
        """
        listing = self._listing(plugin).yanked(version, reason)
        self._sign(listing, sink)
        return listing

    def _listing(self, plugin: str) -> Listing:
        if namespace_of(plugin, [self.namespace]) != self.namespace:
            raise RegistryError(f"{plugin} does not lie in the namespace {self.namespace!r}")
        keys = self.trust.keys()
        if self.namespace not in keys.publishers:
            hint = f"namespaces: {', '.join(sorted(keys.publishers)) or 'none yet'}"
            raise RegistryError(f"the registry has no namespace {self.namespace!r}", hint=hint)
        mine = {s.public_key.keyid for s in self.signers} & set(keys.publishers[self.namespace])
        if len(mine) < (needed := keys.thresholds[self.namespace]):
            text = f"{self.namespace!r} needs {needed} of its keys, {len(mine)} are given"
            raise RegistryError(text, hint="name the publisher's keys with --key FILE")
        signed = keys.namespace(plugin) and self.trust.target(listing_path(plugin), MAX_LISTING)
        return Listing.from_bytes(signed, plugin) if signed else Listing(plugin)

    def _sign(self, listing: Listing, sink: Sink) -> None:
        path, data = listing_path(listing.id), listing.to_bytes()
        info, place = target_file(path, data)
        sink.put(place, data)
        role = publisher_role(self.namespace)
        begun = bool(self.trust.keys().namespace(listing.id))
        roles = {role: self._verified(role)} if begun else self._first(role)
        name = _role_for(roles[role].signed, path) or role
        metadata = roles.get(name) or self._verified(name)
        if begun:
            metadata.signed.version += 1
        metadata.signed.targets[path] = info
        changed = {name: metadata} if begun else {**roles, name: metadata}
        for each, signed in changed.items():
            sink.put(f"metadata/{signed.signed.version}.{each}.json", self._signed(signed))

    def _verified(self, role: str) -> Metadata[Targets]:
        return Metadata[Targets].from_file(str(self.folder / "metadata" / f"{role}.json"))

    def _first(self, role: str) -> dict[str, Metadata[Targets]]:
        """The first metadata of a namespace, with its bins."""
        if self.bins < 1 or self.bins & (self.bins - 1) or self.bins > 4096:
            raise RegistryError(f"{self.bins} bins cannot be made", hint="a power of two, at most 4096")
        own = Metadata(Targets())
        if self.bins == 1:
            return {role: own}
        bits = int(math.log2(self.bins))
        bins = SuccinctRoles([], self.trust.keys().thresholds[self.namespace], bits, f"{role}.bin")
        own.signed.delegations = Delegations({}, succinct_roles=bins)
        for signer in self.signers:
            own.signed.add_key(signer.public_key)
        return {role: own, **{name: Metadata(Targets()) for name in bins.get_roles()}}

    def _signed(self, metadata: Metadata[Any]) -> bytes:
        moment = datetime.fromtimestamp(self.now(), UTC) + timedelta(days=DAYS["publisher"])
        metadata.signed.expires = moment.replace(microsecond=0)
        metadata.signatures.clear()
        for signer in self.signers:
            metadata.sign(signer, append=True)
        return metadata.to_bytes()


def _role_for(signed: Targets, path: str) -> str:
    """The bin of a target; empty where the namespace has none."""
    bins = signed.delegations.succinct_roles if signed.delegations else None
    return bins.get_role_for_target(path) if bins else ""
