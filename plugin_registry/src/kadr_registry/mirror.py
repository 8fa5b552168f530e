"""Copy a registry, or some plugins of it, file by file, each verified before it is handed on.

The same walk fills a folder, an OCI registry and a bundle, and checks a whole registry. The
order is safe: blobs, listings, metadata, and the timestamp last, so that whoever reads the
copy meanwhile sees its old state or the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kadr_sdk.errors import NotFoundError
from packaging.version import InvalidVersion, Version
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Snapshot, Timestamp

from kadr_registry.faults import RegistryError, RevokedError, TrustError, UnreachableError
from kadr_registry.listing import MAX_LISTING
from kadr_registry.names import INDEX, REVOCATIONS, blob_path, listing_path
from kadr_registry.pace import Limits, Pace
from kadr_registry.registry import Registry
from kadr_registry.repository.folder import target_file
from kadr_registry.search import MAX_INDEX
from kadr_registry.transport import NotThereError, Sink, Transport
from kadr_registry.trust import Trust

__all__ = ["Copied", "Copier", "Wanted"]

_MAX_METADATA = 16_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A plugin, and one of its versions or (empty) all of them."""

    plugin: str
    version: str = ""

    @classmethod
    def parse(cls, text: str) -> Wanted:
        """``org.example.glow`` or ``org.example.glow==1.2``.

        Raises:
            RegistryError: malformed.
        """
        plugin, equals, version = text.partition("==")
        try:
            return cls(plugin.strip(), str(Version(version)) if equals else "")
        except InvalidVersion as error:
            raise RegistryError(f"{text!r} is not PLUGIN or PLUGIN==VERSION") from error


@dataclass(frozen=True, slots=True)
class Copied:
    """How much was copied; ``skipped`` are revoked releases, whose files are left out."""

    plugins: int
    releases: int
    blobs: int
    bytes: int
    skipped: tuple[str, ...]


class Copier:
    """Walks one registry.

    Args:
        folder: where ``trust`` keeps what it verified.
    """

    def __init__(self, registry: Registry, trust: Trust, folder: Path, transport: Transport) -> None:
        self._registry, self._trust, self._folder, self._transport = registry, trust, folder, transport
        self._blobs: dict[str, int] = {}
        self._releases = 0
        self._skipped: list[str] = []

    def copy(
        self, sink: Sink | None, wanted: Iterable[Wanted] = (), report: Callable[[str], object] = str
    ) -> Copied:
        """Verify everything, and put it into a sink where one is given.

        Args:
            wanted: only these; none: the whole registry.
            report: told the name of each plugin.

        Raises:
            TrustError, UnreachableError, NotFoundError: nothing counts that was written.
        """
        try:
            chosen = self._chosen(wanted)
            for plugin in sorted(chosen):
                report(plugin)
                self._plugin(plugin, chosen[plugin], sink)
            self._signed_files(sink)
            if sink is not None:
                sink.close()
        except BaseException:
            if sink is not None:
                sink.abandon()
            raise
        total = sum(self._blobs.values())
        return Copied(len(chosen), self._releases, len(self._blobs), total, tuple(self._skipped))

    def _chosen(self, wanted: Iterable[Wanted]) -> dict[str, set[str]]:
        """Versions by plugin; an empty set: all."""
        chosen: dict[str, set[str]] = {}
        for item in wanted:
            versions = chosen.setdefault(item.plugin, set())
            known = [release.version for release in self._registry.releases(item.plugin)]
            same = {v for v in known if not item.version or Version(v) == Version(item.version)}
            if not same:
                raise NotFoundError(f"release of {item.plugin}", item.version, known)
            versions |= same
        return chosen or {entry.id: set() for entry in self._registry.plugins()}

    def _plugin(self, plugin: str, versions: set[str], sink: Sink | None) -> None:
        for release in self._registry.releases(plugin):
            if versions and release.version not in versions:
                continue
            try:
                record = self._registry.record(plugin, release.version)
            except RevokedError:
                self._skipped.append(f"{plugin} {release.version}")
                continue
            self._releases += 1
            for blob in record.blobs:
                path = self._registry.fetch(blob)
                self._put(sink, blob_path(blob.sha256), path, blob.size)
            self._put(sink, blob_path(release.record), record.to_bytes(), release.size)
        self._target(listing_path(plugin), MAX_LISTING, sink)

    def _target(self, path: str, limit: int, sink: Sink | None) -> None:
        data = self._trust.target(path, limit)
        if data is None:
            raise TrustError(f"{path} is signed by nobody", path=self._transport.place)
        if sink is not None:
            sink.put(target_file(path, data)[1], data)

    def _put(self, sink: Sink | None, path: str, data: bytes | Path, size: int) -> None:
        if sink is not None:
            sink.put(path, data)
        self._blobs[path] = size

    def _signed_files(self, sink: Sink | None) -> None:
        """Index, revocations, and all metadata; the timestamp is the one that was verified."""
        self._target(INDEX, MAX_INDEX, sink)
        self._target(REVOCATIONS, MAX_INDEX, sink)
        local = self._folder / "metadata"
        timestamp = (local / "timestamp.json").read_bytes()
        meta = Metadata[Timestamp].from_bytes(timestamp).signed.snapshot_meta
        snapshot = Metadata[Snapshot].from_file(str(local / "snapshot.json")).signed
        for name, file in sorted(snapshot.meta.items()):
            self._metadata(f"{file.version}.{name}", file, sink)
        self._metadata(f"{meta.version}.snapshot.json", meta, sink)
        for number in range(1, self._trust.root_version() + 1):
            self._metadata(f"{number}.root.json", None, sink)
        if sink is not None:
            sink.put("metadata/timestamp.json", timestamp)

    def _metadata(self, name: str, expected: MetaFile | None, sink: Sink | None) -> None:
        path = f"metadata/{name}"
        data = bytearray()
        try:
            for piece in self._transport.read(path, Pace(Limits())):
                data += piece
                if len(data) > _MAX_METADATA:
                    raise TrustError(f"{path} is too large", path=self._transport.place)
            if expected is not None:
                expected.verify_length_and_hashes(bytes(data))
        except NotThereError:
            raise UnreachableError(f"{path} is not there", path=self._transport.place) from None
        except RepositoryError as error:
            raise TrustError(f"{path} is not what was signed: {error}", path=self._transport.place) from error
        if sink is not None:
            sink.put(path, bytes(data))
