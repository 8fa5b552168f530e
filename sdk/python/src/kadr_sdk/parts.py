"""Parts: encoded packets of one segment (or of the whole sound) in a file of their own.

A part is packets and codec parameters, not a container: containers lose first decode times
and shift presentation times. Layout, little-endian::

    "KADRPART"  u32 version (1)
    packets     u32 size, i64 pts, i64 duration, u32 flags (1: key), bytes
    header      JSON (UTF-8): codec parameters and facts
    footer      u64 offset of the header, u32 its size, 32 bytes sha256 of all before, "KADREND."

Times are in ticks of the stream's time base: frames for video, samples for sound. Packets
stand in decode order. A truncated part is detected on opening, one with changed bytes by
:meth:`PartReader.verify`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol

from kadr_sdk.errors import StorageError

__all__ = ["Packet", "PacketSource", "PartReader", "PartWriter"]

_MAGIC = b"KADRPART" + struct.pack("<I", 1)
_PACKET = struct.Struct("<IqqI")
_FOOTER = struct.Struct("<QI32s8s")
_END = b"KADREND."
_FACTS = "facts"


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded packet."""

    data: bytes
    pts: int
    duration: int
    key: bool


class PacketSource(Protocol):
    """Packets with their header, to be read any number of times: a part, or a stretch of a source.

    Attributes:
        path: the file that they come from.
        header: codec parameters as a part has them.
    """

    path: Path
    header: dict[str, Any]

    def __iter__(self) -> Iterator[Packet]:
        """The packets in decode order."""
        ...

    def close(self) -> None:
        """Let the file go."""
        ...


class PartWriter:
    """Writes a part; nothing is valid before :meth:`finish`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self.size = 0
        self._hash = hashlib.sha256()
        try:
            self._file: BinaryIO = path.open("wb")
        except OSError as error:
            raise _storage(error, path) from error
        try:
            self._write(_MAGIC)
        except OSError as error:
            self.abandon()
            raise _storage(error, path) from error

    def write(self, packet: Packet) -> None:
        """Append a packet in decode order.

        Raises:
            StorageError: the disk is full or the file is gone.
        """
        head = _PACKET.pack(len(packet.data), packet.pts, packet.duration, int(packet.key))
        try:
            self._write(head)
            self._write(packet.data)
        except OSError as error:
            raise _storage(error, self.path) from error
        self.count += 1
        self.size += len(packet.data)

    def finish(self, header: Mapping[str, Any]) -> str:
        """Write header and footer and close.

        Args:
            header: JSON-ready codec parameters and facts; bytes are given as hex.

        Returns:
            sha256 of the part as hex.
        """
        offset = self._file.tell()
        text = json.dumps(dict(header) | {"packets": self.count}, sort_keys=True).encode()
        try:
            self._write(text)
            digest = self._hash.digest()
            self._file.write(_FOOTER.pack(offset, len(text), digest, _END))
            self._file.close()
        except OSError as error:
            raise _storage(error, self.path) from error
        return digest.hex()

    def abandon(self) -> None:
        """Close and delete; safe to call at any time, also when the disk is full."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)


class PartReader:
    """Reads a part; its file is open only while packets are read, since a film has thousands of parts.

    Attributes:
        header: codec parameters as written, without the facts.
        digest: sha256 of the content as hex, as the footer says.

    Raises:
        StorageError: missing, truncated or not a part.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header = self._ends()
        self.header.pop(_FACTS, None)

    @property
    def facts(self) -> dict[str, Any]:
        """What was noted on the way to the encoder; read anew each time, since it grows with the frames.

        Raises:
            StorageError: the file changed since it was written.
        """
        found = self._ends().get(_FACTS)
        return found if isinstance(found, dict) else {}

    def _open(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except OSError as error:
            raise _storage(error, self.path) from error

    def _ends(self) -> dict[str, Any]:
        with self._open() as file:
            try:
                return self._read_ends(file)
            except (OSError, struct.error, ValueError, RecursionError) as error:
                raise StorageError(f"not a complete part: {error}", path=self.path) from error

    def _read_ends(self, file: BinaryIO) -> dict[str, Any]:
        """The whole header."""
        if file.read(len(_MAGIC)) != _MAGIC:
            raise ValueError("the beginning is wrong")
        footer = file.seek(-_FOOTER.size, 2)
        offset, length, digest, end = _FOOTER.unpack(file.read(_FOOTER.size))
        if end != _END:
            raise ValueError("the end is missing")
        if offset < len(_MAGIC) or offset + length != footer:
            raise ValueError("the header is not where the end says")
        self._end = int(offset)
        self.digest: str = digest.hex()
        file.seek(self._end)
        header = json.loads(file.read(length))
        if not isinstance(header, dict):
            raise ValueError("the header is not an object")
        return header

    def __iter__(self) -> Iterator[Packet]:
        """The packets in decode order.

        Raises:
            StorageError: the file changed since it was written.
        """
        with self._open() as file:
            position = file.seek(len(_MAGIC))
            while position < self._end:
                head = file.read(_PACKET.size)
                if position + _PACKET.size > self._end or len(head) < _PACKET.size:
                    raise self._damaged()
                size, pts, duration, flags = _PACKET.unpack(head)
                position += _PACKET.size + size
                data = file.read(size) if position <= self._end else b""
                if len(data) != size:
                    raise self._damaged()
                yield Packet(data, pts, duration, bool(flags & 1))

    def _damaged(self) -> StorageError:
        return StorageError("the part is damaged: a packet reaches beyond its end", path=self.path)

    def verify(self) -> bool:
        """True where the content still has the digest that the footer says."""
        with self._open() as file:
            left = file.seek(-_FOOTER.size, 2)
            file.seek(0)
            digest = hashlib.sha256()
            while left > 0:
                block = file.read(min(left, 1 << 20))
                if not block:
                    return False
                digest.update(block)
                left -= len(block)
        return digest.hexdigest() == self.digest

    def close(self) -> None:
        """Nothing: other sources of packets have files to let go."""

    def __enter__(self) -> PartReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _storage(error: OSError, path: Path) -> StorageError:
    hint = (
        "free some space" if error.errno in (errno.ENOSPC, errno.EFBIG) else "check the rights of the folder"
    )
    return StorageError(f"cannot use the file: {error.strerror or error}", path=path, hint=hint)
