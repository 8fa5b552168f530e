"""A repository, or some plugins of one, in one file: a plain tar, the same bytes every time.

Members are read one by one; nothing is ever unpacked by a name that the file gives.
"""

from __future__ import annotations

import io
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from kadr_registry.faults import RegistryError
from kadr_registry.files import replace_into, storage_error, temporary_beside
from kadr_registry.names import check_file_path
from kadr_registry.pace import Pace
from kadr_registry.transport import NotThereError

__all__ = ["BundleSink", "BundleTransport"]

_PIECE = 1 << 20
_MOST_MEMBERS = 1_000_000


class BundleTransport:
    """Satisfies :class:`kadr_registry.transport.Transport`; safe to use from several threads.

    Raises:
        RegistryError: the file is no bundle: not a plain tar, links, devices, unsafe or double names.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            self._file: IO[bytes] = path.open("rb")
        except OSError as error:
            raise storage_error(error, path, "be read") from error
        try:
            self._members = self._index()
        except BaseException:
            self._file.close()
            raise

    def _index(self) -> dict[str, tuple[int, int]]:
        """Offset and size of every member."""
        found: dict[str, tuple[int, int]] = {}
        end = self._path.stat().st_size
        try:
            with tarfile.open(fileobj=self._file, mode="r:") as tar:
                for member in tar:
                    name = check_file_path(member.name)
                    plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()
                    if not plain or name in found or len(found) >= _MOST_MEMBERS:
                        raise ValueError(f"{name} is no plain file, or is there twice")
                    if member.offset_data + member.size > end:
                        raise ValueError("it is cut off")
                    found[name] = (member.offset_data, member.size)
        except (tarfile.TarError, ValueError, OSError) as error:
            raise RegistryError(f"this is not a bundle: {error}", path=self._path) from error
        return found

    @property
    def place(self) -> str:
        """The file."""
        return str(self._path)

    @property
    def names(self) -> tuple[str, ...]:
        """Every path in it."""
        return tuple(self._members)

    def read(self, path: str, pace: Pace) -> Iterator[bytes]:
        """The member in pieces."""
        if path not in self._members:
            raise NotThereError(path)
        pace.begin()
        offset, left = self._members[path]
        while left:
            with self._lock:
                self._file.seek(offset)
                piece = self._file.read(min(_PIECE, left))
            if not piece:
                raise RegistryError("the bundle was cut off while it was read", path=self._path)
            pace.received(len(piece))
            yield piece
            offset, left = offset + len(piece), left - len(piece)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class BundleSink:
    """Satisfies :class:`kadr_registry.transport.Sink`: one file, written whole.

    The order of members is the order of their names, times and owners are nought.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: dict[str, bytes | Path] = {}

    @property
    def place(self) -> str:
        """The file."""
        return str(self._path)

    def put(self, path: str, data: bytes | Path) -> None:
        """Note the file; it is read when all are known."""
        self._files[path] = data

    def close(self) -> None:
        """Write the bundle.

        Raises:
            StorageError: what stood there is untouched.
        """
        temporary: Path | None = None
        try:
            temporary = temporary_beside(self._path)
            with (
                temporary.open("xb") as file,
                tarfile.TarFile(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar,
            ):
                for name in sorted(self._files):
                    _add(tar, name, self._files[name])
            replace_into(temporary, self._path)
        except OSError as error:
            raise storage_error(error, self._path) from error
        finally:
            if temporary is not None:
                temporary.unlink(missing_ok=True)

    def abandon(self) -> None:
        """Nothing was written yet."""


def _add(tar: tarfile.TarFile, name: str, data: bytes | Path) -> None:
    member = tarfile.TarInfo(name)
    member.mode = 0o644
    with io.BytesIO(data) if isinstance(data, bytes) else data.open("rb") as file:
        member.size = file.seek(0, io.SEEK_END)
        file.seek(0)
        tar.addfile(member, file)
