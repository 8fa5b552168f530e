"""What a registry signed: a TUF client on top of any transport.

The only module that knows python-tuf's client. One root is given by the user; everything else
follows from it by signatures. What the library does not do is added here: a lock around its
folder, a total deadline and a rate, a clock that can be given, and one clear error each.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout
from kadr_sdk.errors import StorageError
from tuf.api import exceptions as tuf
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from kadr_registry.faults import RegistryError, TrustError, UnreachableError
from kadr_registry.files import storage_error
from kadr_registry.names import namespace_of, publisher_role
from kadr_registry.pace import Limits, Pace
from kadr_registry.transport import NotThereError, Transport

__all__ = ["Trust", "TrustedKeys"]

_CONFIG = UpdaterConfig(max_delegations=8, snapshot_max_length=16_000_000, targets_max_length=16_000_000)
_LOCK_SECONDS = 60.0
_SMALL, _MOST_KNOWN = 1 << 16, 1024  # of targets kept in memory until the next refresh


class _Fetcher(FetcherInterface):
    """The library's downloads, through a transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.pace = Pace(Limits())

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            yield from self._transport.read(url.removeprefix("kadr:///"), self.pace)
        except NotThereError as error:
            raise tuf.DownloadHTTPError(f"{error} is not there", 404) from error


class TrustedKeys:
    """Who signs for which namespace, as the last refresh found it."""

    def __init__(self, folder: Path) -> None:
        targets = Metadata[Targets].from_file(str(folder / "targets.json")).signed
        snapshot = Metadata[Snapshot].from_file(str(folder / "snapshot.json")).signed
        roles = (targets.delegations.roles if targets.delegations else None) or {}
        prefix = publisher_role("")
        self.publishers = {
            name.removeprefix(prefix): tuple(role.keyids)
            for name, role in roles.items()
            if name.startswith(prefix)
        }
        """Key ids by namespace."""
        self.thresholds = {n: roles[publisher_role(n)].threshold for n in self.publishers}
        """How many of them must sign."""
        self._files = frozenset(snapshot.meta)

    def namespace(self, plugin: str) -> str:
        """The namespace of a plugin that has signed something; empty where there is none."""
        found = namespace_of(plugin, self.publishers)
        return found if f"{publisher_role(found)}.json" in self._files else ""


class Trust:
    """The signed files of one registry. Safe to use from several threads and processes.

    Args:
        name: of the registry, for messages.
        root: the root metadata that the user trusts.
        folder: of what was verified before; made where it is missing.
        now: seconds since 1970 UTC.
        stale_days: days for which signatures are still taken after their expiry; the user says
            so for a bundle or a machine without a network, nobody else does.
    """

    def __init__(
        self,
        name: str,
        root: bytes,
        folder: Path,
        transport: Transport,
        limits: Limits,
        now: Callable[[], float] = time.time,
        stale_days: int = 0,
    ) -> None:
        self._name, self._root, self._folder = name, root, folder
        self._fetcher = _Fetcher(transport)
        self._limits, self._now, self._stale = limits, now, timedelta(days=stale_days)
        self._place = transport.place
        self._updater: Updater | None = None
        self._keys: TrustedKeys | None = None
        self._known: dict[str, bytes] = {}

    def refresh(self) -> None:
        """Fetch and check what is new.

        Raises:
            TrustError: expired, rolled back, mixed, or not signed by enough keys.
            UnreachableError, TimeoutExceededError: the transport failed.
        """
        with self._locked(), self._translated():
            self._fetcher.pace = Pace(self._limits)
            updater = self._new()
            updater.refresh()
            self._keys = TrustedKeys(self._folder / "metadata")
            self._updater = updater
            self._known = {}

    def target(self, path: str, limit: int) -> bytes | None:
        """The bytes of a target, or None where its role does not list it.

        Raises:
            TrustError, UnreachableError, TimeoutExceededError: as :meth:`refresh`.
        """
        if self._updater is None:
            self.refresh()
        assert self._updater is not None, "refresh sets it"
        if (data := self._known.get(path)) is not None and len(data) <= limit:
            return data
        with self._locked(), self._translated():
            info = self._updater.get_targetinfo(path)
            if info is None:
                return None
            if info.length > limit:
                raise TrustError(f"{path} is larger than {limit} bytes", path=self._place)
            if (known := self._updater.find_cached_target(info)) is None:
                self._fetcher.pace = Pace(self._limits, self._limits.for_size(info.length))
                known = self._updater.download_target(info)
            data = Path(known).read_bytes()
            if len(data) <= _SMALL and len(self._known) < _MOST_KNOWN:
                self._known[path] = data
            return data

    def keys(self) -> TrustedKeys:
        """Namespaces and their keys.

        Raises:
            TrustError, UnreachableError, TimeoutExceededError: as :meth:`refresh`.
        """
        if self._keys is None:
            self.refresh()
        assert self._keys is not None, "refresh sets it"
        return self._keys

    def expires(self) -> datetime:
        """When the last refresh is too old."""
        path = self._folder / "metadata" / "timestamp.json"
        return Metadata[Timestamp].from_file(str(path)).signed.expires

    def root_version(self) -> int:
        """Of the newest root that was verified."""
        path = self._folder / "metadata" / "root.json"
        return Metadata[Root].from_file(str(path)).signed.version

    def snapshot(self) -> str:
        """sha256 of the snapshot that was verified last."""
        return hashlib.sha256((self._folder / "metadata" / "snapshot.json").read_bytes()).hexdigest()

    def _new(self) -> Updater:
        metadata, targets = self._folder / "metadata", self._folder / "targets"
        targets.mkdir(parents=True, exist_ok=True)
        updater = Updater(
            str(metadata),
            "kadr:///metadata/",
            str(targets),
            "kadr:///targets/",
            self._fetcher,
            _CONFIG,
            bootstrap=self._root,
        )
        # The library always takes the system's clock; there is no public way to give it another.
        updater._trusted_set.reference_time = datetime.fromtimestamp(self._now(), UTC) - self._stale
        return updater

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The library's folder belongs to one at a time."""
        try:
            (self._folder / "metadata").mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._folder / "lock", timeout=_LOCK_SECONDS)
            with lock:
                yield
        except Timeout as error:
            hint = "wait for the other kadr process, or end it"
            raise StorageError("another process uses the registry", path=self._folder, hint=hint) from error

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (tuf.RepositoryError, tuf.DownloadError) as error:
            raise self._explained(error) from error
        except OSError as error:
            raise storage_error(error, self._folder, "be used") from error

    def _explained(self, error: Exception) -> RegistryError:
        """One sentence for what the library found."""
        if isinstance(error, tuf.DownloadError) and not isinstance(error, tuf.DownloadLengthMismatchError):
            hint = "check the address; a mirror may be incomplete"
            return UnreachableError(
                f"the registry {self._name!r} is incomplete: {error}", path=self._place, hint=hint
            )
        what, hint = next((w, h) for kind, w, h in _EXPLANATIONS if isinstance(error, kind))
        return TrustError(f"the registry {self._name!r} {what}: {error}", path=self._place, hint=hint)


_MIRROR = "try its own address instead of a mirror, and tell its operator"
_EXPLANATIONS: tuple[tuple[type[Exception], str, str], ...] = (
    (
        tuf.ExpiredMetadataError,
        "is out of date: its signatures have expired",
        "check the clock of this machine; its operator has to run 'kadr registry refresh', "
        "or a mirror holds newer files back",
    ),
    (tuf.BadVersionNumberError, "shows an older state than one seen before, or mixes two", _MIRROR),
    (tuf.UnsignedMetadataError, "is not signed by enough of its keys", _MIRROR),
    (tuf.LengthOrHashMismatchError, "sent other bytes than were signed", _MIRROR),
    (tuf.DownloadLengthMismatchError, "sends more bytes than were signed", _MIRROR),
    (tuf.RepositoryError, "is damaged", _MIRROR),
)
