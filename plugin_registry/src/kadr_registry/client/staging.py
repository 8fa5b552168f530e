"""From a record to a folder that the kernel reads: blobs fetched, copied, brought to the disk, renamed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from kadr_sdk.installed import Installed, InstalledSet

from kadr_registry.client.lockfile import FILE_NAME, Lock, Locked
from kadr_registry.client.places import Places, put_file, remove_tree
from kadr_registry.client.wheels import Wheel, check_requirements, choose, read_wheel, unpack
from kadr_registry.faults import RegistryError
from kadr_registry.files import write_whole
from kadr_registry.record import Blob, Record
from kadr_registry.store import BlobStore

__all__ = ["KEPT", "Stage", "damaged"]

KEPT = 8
"""Generations that can be put back."""
Fetch = Callable[[Record, Blob], Path]


class Stage:
    """Writes packages, sites and generations.

    Args:
        fetch: the verified file of a blob.
    """

    def __init__(self, places: Places, fetch: Fetch) -> None:
        self._places, self._fetch = places, fetch

    def fetch(self, record: Record) -> None:
        """Have every blob that installing a record needs."""
        for blob in (*_files(record), *_wheels(record)):
            self._fetch(record, blob)

    def package(self, record: Record, locked: Locked) -> Installed:
        """The files of a release in their folder, written where they are missing or damaged."""
        home = self._places.packages / locked.record
        folder = home / record.package
        blobs = _files(record)
        if damaged(folder, [(blob.path, blob.sha256) for blob in blobs]):
            with self._places.staged(home) as staged:
                for blob in blobs:
                    put_file(self._fetch(record, blob), staged / record.package / blob.path)
        return Installed(
            record.id,
            record.version,
            locked.publisher,
            locked.record,
            record.package,
            folder.relative_to(self._places.root).as_posix(),
            record.tier,
            locked.registry,
            tuple((blob.path, blob.sha256) for blob in blobs),
        )

    def wheels(self, records: Iterable[Record]) -> list[Wheel]:
        """The wheels of native plugins, which fit together and to the host.

        Raises:
            ConflictError: they do not.
        """
        found = [
            read_wheel(f"{record.id} {record.version}", blob, self._fetch(record, blob))
            for record in records
            for blob in _wheels(record)
        ]
        check_requirements(found, self._places.sites)
        return found

    def site(self, wheels: Sequence[Wheel]) -> str:
        """The folder of the unpacked wheels, below the store; empty without any."""
        if not wheels:
            return ""
        names = sorted(wheel.path.name for wheel in wheels)  # blobs are named by their digests
        target = self._places.sites / hashlib.sha256("\n".join(names).encode()).hexdigest()[:32]
        if not target.is_dir():
            with self._places.staged(target) as staged:
                for wheel in wheels:
                    unpack(wheel, staged)
        return target.relative_to(self._places.root).as_posix()

    def generation(self, lock: Lock, installed: InstalledSet) -> None:
        """Write a generation's folder; it does not count yet."""
        with self._places.staged(self._places.generations / str(installed.number)) as staged:
            write_whole(staged / FILE_NAME, lock.to_bytes(), sync=False)
            write_whole(staged / "installed.json", installed.to_bytes(), sync=False)

    def sweep(self, current: InstalledSet, read: Callable[[int], InstalledSet]) -> None:
        """Forget old generations, and packages and sites that none of the others has."""
        numbers = self.numbers()
        for number in numbers[:-KEPT]:
            if number not in (current.number, current.before):
                remove_tree(self._places.generations / str(number))
        packages, sites = set[str](), set[str]()
        for number in self.numbers():
            try:
                found = read(number)
            except (OSError, ValueError):
                return  # of a damaged one nobody knows what it needs: nothing is thrown away
            packages |= {item.digest for item in found.plugins}
            sites |= {found.site.rpartition("/")[2]}
        for folder, used in ((self._places.packages, packages), (self._places.sites, sites)):
            for path in folder.iterdir() if folder.is_dir() else ():
                if path.name not in used:
                    remove_tree(path)
        self._sweep_blobs(packages)
        self._places.sweep()

    def _sweep_blobs(self, records: Iterable[str]) -> None:
        """Forget blobs that no release of a kept generation has."""
        store, used = BlobStore(self._places.root), set(records)
        for digest in records:
            try:
                used |= {blob.sha256 for blob in Record.from_bytes(store.path(digest).read_bytes()).blobs}
            except OSError:
                return  # as above
        for path in (self._places.root / "blobs" / "sha256").glob("*/*"):
            if path.name not in used:
                with suppress(OSError):  # another process may hold it on Windows
                    path.chmod(0o644)
                    path.unlink()

    def numbers(self) -> list[int]:
        """Of the generations that are there, in order."""
        folder = self._places.generations
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        return sorted(int(name) for name in names if name.isdigit())


def _files(record: Record) -> list[Blob]:
    return [blob for blob in record.blobs if blob.role != "wheel"]


def _wheels(record: Record) -> list[Blob]:
    if record.tier != "native":
        return []
    if not (found := choose(record)):
        raise RegistryError(f"{record.id} {record.version} has Python code and no wheel")
    return found


def damaged(folder: Path, files: Iterable[tuple[str, str]]) -> str:
    """The first file below a folder that is missing or has another sha256; empty where there is none."""
    for name, digest in files:
        path = folder / name
        try:
            with path.open("rb") as file:
                same = hashlib.file_digest(file, "sha256").hexdigest() == digest
        except OSError:
            return name
        if not same or path.is_symlink():
            return name
    return ""
