"""A registry in a folder, and one change to it: everything is signed, then the timestamp moves.

::

    settings.json     name, days until signatures expire
    keys/             private keys that are kept here; those of root belong elsewhere
    public/           what is served: metadata/ targets/ blobs/
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout
from kadr_sdk.errors import StorageError
from tuf.api.metadata import Metadata, MetaFile, Role, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization import DeserializationError

from kadr_registry import canonical
from kadr_registry.faults import RegistryError
from kadr_registry.files import write_whole
from kadr_registry.names import blob_path
from kadr_registry.repository.keys import KeyRing

__all__ = ["DAYS", "INDEX_ROLE", "REVOCATIONS_ROLE", "Edit", "Repository", "target_file"]

DAYS = {
    "root": 365,
    "targets": 365,
    "publisher": 365,
    "snapshot": 7,
    "timestamp": 1,
    "revocations": 7,
    "index": 7,
}
"""Days until the signature of a role expires, where the settings say nothing else."""
INDEX_ROLE, REVOCATIONS_ROLE = "index", "revocations"
_LOCK_SECONDS = 30.0

S = TypeVar("S", Root, Snapshot, Targets, Timestamp)


def target_file(path: str, data: bytes) -> tuple[TargetFile, str]:
    """The signed facts of a target, and where its bytes lie."""
    info = TargetFile.from_data(path, data, ["sha256"])
    folder, _, name = path.rpartition("/")
    return info, f"targets/{folder}{'/' if folder else ''}{info.hashes['sha256']}.{name}"


class Repository:
    """A registry in a folder.

    Args:
        keys: further private keys, for roles whose keys are not kept in the folder.

    Raises:
        RegistryError: the folder is none.
    """

    def __init__(
        self, folder: Path, keys: tuple[Path, ...] = (), now: Callable[[], float] = time.time
    ) -> None:
        self.folder, self.public, self.now = folder, folder / "public", now
        path = folder / "settings.json"
        if not path.is_file():
            hint = f"make one with: kadr registry init {folder}"
            raise RegistryError("this folder holds no registry", path=folder, hint=hint)
        self.settings: Mapping[str, Any] = canonical.decode(path.read_bytes(), "settings.json")
        self.ring = KeyRing(folder / "keys", keys)

    @property
    def name(self) -> str:
        """What it calls itself."""
        return str(self.settings["name"])

    def root_bytes(self, version: int = 1) -> bytes:
        """The root that users are given."""
        return (self.public / "metadata" / f"{version}.root.json").read_bytes()

    def expiry(self, role: str) -> datetime:
        """When a signature that is made now expires."""
        days = self.settings["days"].get(role, DAYS.get(role, DAYS["publisher"]))
        moment = datetime.fromtimestamp(self.now(), UTC) + timedelta(days=days)
        return moment.replace(microsecond=0)

    def today(self) -> str:
        """The day, ``2026-01-31``."""
        return datetime.fromtimestamp(self.now(), UTC).date().isoformat()

    @contextmanager
    def reading(self) -> Iterator[Edit]:
        """The state of the registry, not to be changed."""
        yield Edit.load(self)

    @contextmanager
    def edit(self) -> Iterator[Edit]:
        """Change the registry; nothing is written where the block raises.

        Raises:
            StorageError: another process changes it.
        """
        lock = FileLock(self.folder / "lock", timeout=_LOCK_SECONDS)
        try:
            lock.acquire()
        except Timeout as error:
            raise StorageError("another process changes the registry", path=self.folder) from error
        try:
            edit = Edit.load(self)
            yield edit
            edit.commit()
        finally:
            lock.release()

    def read(self, name: str) -> bytes:
        """A file of metadata."""
        path = self.public / "metadata" / name
        try:
            return path.read_bytes()
        except OSError as error:
            text = f"the registry is incomplete: {error.strerror or error}"
            raise RegistryError(text, path=path, hint="restore the folder from a copy") from error


class Edit:
    """One change: metadata that is signed again, and files that are added."""

    def __init__(
        self,
        repository: Repository,
        root: Metadata[Root],
        targets: Metadata[Targets],
        snapshot: Metadata[Snapshot],
        timestamp: Metadata[Timestamp],
    ) -> None:
        self.repository, self.root, self.targets = repository, root, targets
        self.snapshot, self.timestamp = snapshot, timestamp
        self._signed_now: dict[str, Metadata[Targets]] = {}
        self._roles: dict[str, bytes] = {}
        self._files: dict[str, bytes | Path] = {}
        self._new_root: bytes | None = None

    @classmethod
    def load(cls, repository: Repository) -> Edit:
        """A change to what the folder holds now.

        Raises:
            RegistryError: the folder is damaged.
        """
        read = repository.read
        names = (repository.public / "metadata").glob("*.root.json")
        newest = max((int(p.name.split(".")[0]) for p in names), default=1)
        root = _parsed(Root, read(f"{newest}.root.json"))
        timestamp = _parsed(Timestamp, read("timestamp.json"))
        number = timestamp.signed.snapshot_meta.version
        snapshot = _parsed(Snapshot, read(f"{number}.snapshot.json"))
        number = snapshot.signed.meta["targets.json"].version
        targets = _parsed(Targets, read(f"{number}.targets.json"))
        return cls(repository, root, targets, snapshot, timestamp)

    # -- reading -------------------------------------------------------------------------------

    def role(self, name: str) -> Metadata[Targets]:
        """The newest metadata of a targets role.

        Raises:
            RegistryError: it has not signed anything yet.
        """
        if name in self._signed_now:
            return self._signed_now[name]
        known = self.snapshot.signed.meta.get(f"{name}.json")
        if known is None:
            raise RegistryError(f"{name} has not signed anything yet")
        return _parsed(Targets, self.repository.read(f"{known.version}.{name}.json"))

    def has(self, name: str) -> bool:
        """True where a role has signed something."""
        return f"{name}.json" in self.snapshot.signed.meta

    def target(self, role: Metadata[Targets], path: str) -> bytes | None:
        """The bytes of a target of a role, None where it lists none."""
        info = role.signed.targets.get(path)
        if info is None:
            return None
        folder, _, name = path.rpartition("/")
        return (self.repository.public / "targets" / folder / f"{info.hashes['sha256']}.{name}").read_bytes()

    def blob(self, sha256: str) -> bytes:
        """The bytes of a blob."""
        return (self.repository.public / blob_path(sha256)).read_bytes()

    # -- changing ------------------------------------------------------------------------------

    def add_file(self, path: str, data: bytes | Path) -> None:
        """A file below ``blobs/`` or ``targets/``."""
        self._files[path] = data

    def delegated(self, name: str) -> Role:
        """The keys and the threshold of a targets role."""
        if name == "targets":
            return self.root.signed.roles[name]
        parent, bin_, _ = name.rpartition(".bin-")
        signed = self.role(parent).signed if bin_ else self.targets.signed
        return signed.get_delegated_role(name)

    def add_role(self, name: str, metadata: Metadata[Targets], data: bytes) -> None:
        """Metadata that is signed."""
        version = metadata.signed.version
        self._signed_now[name] = metadata
        self._roles[f"{version}.{name}.json"] = data
        self.snapshot.signed.meta[f"{name}.json"] = MetaFile.from_data(version, data, ["sha256"])

    def sign_role(self, name: str, metadata: Metadata[Targets], kind: str) -> None:
        """Sign the next version of a targets role; ``kind`` names its expiry.

        Raises:
            RegistryError: too few of its keys are here.
        """
        role = self.delegated(name)
        signers = self.repository.ring.of(role.keyids, role.threshold, name)
        known = self.snapshot.signed.meta.get(f"{name}.json")
        if name not in self._signed_now:
            metadata.signed.version = 1 + (known.version if known else 0)
        self.add_role(name, metadata, self._signed(metadata, kind, signers))

    def put_target(self, role: str, path: str, data: bytes) -> None:
        """Let one of the registry's own roles sign a target, and nothing else."""
        metadata = self.role(role) if self.has(role) else Metadata(Targets())
        info, place = target_file(path, data)
        metadata.signed.targets = {path: info}
        self.add_file(place, data)
        self.sign_role(role, metadata, role)

    def sign_root(self, former: Root) -> None:
        """Sign the next root by its own keys and by those of the former one."""
        self.root.signed.version = former.version + 1
        ring = self.repository.ring
        signers = {}
        for root in (former, self.root.signed):
            role = root.roles["root"]
            for signer in ring.of(role.keyids, role.threshold, "root"):
                signers[signer.public_key.keyid] = signer
        self._new_root = self._signed(self.root, "root", list(signers.values()))

    def _signed(self, metadata: Metadata[Any], kind: str, signers: list[Any]) -> bytes:
        metadata.signed.expires = self.repository.expiry(kind)
        metadata.signatures.clear()
        for signer in signers:
            metadata.sign(signer, append=True)
        return metadata.to_bytes()

    def commit(self) -> None:
        """Sign snapshot and timestamp, and write everything, the timestamp last.

        Raises:
            RegistryError: a key of theirs is missing; nothing was written.
            StorageError: users still see the old state.
        """
        snapshot, timestamp, ring = self.snapshot, self.timestamp, self.repository.ring
        roles = self.root.signed.roles
        snapshot.signed.version += 1
        by = ring.of(roles["snapshot"].keyids, roles["snapshot"].threshold, "snapshot")
        snapshot_data = self._signed(snapshot, "snapshot", by)
        timestamp.signed.snapshot_meta = MetaFile.from_data(
            snapshot.signed.version, snapshot_data, ["sha256"]
        )
        timestamp.signed.version += 1
        by = ring.of(roles["timestamp"].keyids, roles["timestamp"].threshold, "timestamp")
        timestamp_data = self._signed(timestamp, "timestamp", by)
        files = {**self._files, **{f"metadata/{name}": data for name, data in self._roles.items()}}
        files[f"metadata/{snapshot.signed.version}.snapshot.json"] = snapshot_data
        if self._new_root is not None:
            files[f"metadata/{self.root.signed.version}.root.json"] = self._new_root
        files["metadata/timestamp.json"] = timestamp_data
        for path, data in files.items():
            target = self.repository.public / path
            if path.startswith("metadata/") or not target.is_file():
                write_whole(target, data if isinstance(data, bytes) else data.read_bytes())


def _parsed(kind: type[S], data: bytes) -> Metadata[S]:
    try:
        found: Metadata[S] = Metadata.from_bytes(data)
        if not isinstance(found.signed, kind):
            raise RegistryError(f"metadata of the kind {kind.type} is of another kind")
    except DeserializationError as error:
        raise RegistryError(f"metadata of the kind {kind.type} is damaged: {error}") from error
    return found
