"""Ways to the same files: a folder, an HTTP server, an OCI registry, a bundle.

A transport is believed in nothing: every byte is checked by who asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from kadr_registry.faults import RegistryError
from kadr_registry.pace import Pace

__all__ = ["NotThereError", "Sink", "Transport", "open_sink", "open_transport"]


class NotThereError(Exception):
    """The transport has no such file."""


class Transport(Protocol):
    """Reads files of a repository by their path below its root."""

    @property
    def place(self) -> str:
        """Where it reads from, for messages."""
        ...

    def read(self, path: str, pace: Pace) -> Iterator[bytes]:
        """The file in pieces.

        Raises:
            NotThereError: there is no such file.
            UnreachableError: it cannot be read.
            TimeoutExceededError: too slow.
        """
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class Sink(Protocol):
    """Takes files of a repository, in an order in which every state between is sound."""

    @property
    def place(self) -> str:
        """Where it writes to, for messages."""
        ...

    def put(self, path: str, data: bytes | Path) -> None:
        """Take one file; the content of a path below ``blobs/`` or ``targets/`` never changes."""
        ...

    def close(self) -> None:
        """All files are there: make them count."""
        ...

    def abandon(self) -> None:
        """It failed: leave nothing half done where that can be told."""
        ...


def open_transport(place: str, environ: Mapping[str, str] | None = None) -> Transport:
    """The transport for a folder, a bundle, ``http(s)://…`` or ``oci[+http]://host/repository``.

    Args:
        environ: where ``KADR_REGISTRY_TOKEN`` is looked up.

    Raises:
        RegistryError: neither; says what is expected.
    """
    token = (environ or {}).get("KADR_REGISTRY_TOKEN", "")
    if place.startswith(("http://", "https://")):
        from kadr_registry.transport.http import HttpTransport

        return HttpTransport(place, token)
    if place.startswith(("oci://", "oci+http://")):
        from kadr_registry.transport.oci import OciTransport

        return OciTransport(place, token)
    path = Path(place)
    if path.is_dir():
        from kadr_registry.transport.folder import FolderTransport

        return FolderTransport(path / "public" if (path / "public" / "metadata").is_dir() else path)
    if path.is_file():
        from kadr_registry.transport.bundle import BundleTransport

        return BundleTransport(path)
    hint = "give a folder, a bundle, http(s)://… or oci://host/repository"
    raise RegistryError("there is no registry", path=place, hint=hint)


def open_sink(place: str, environ: Mapping[str, str] | None = None) -> Sink:
    """Where a mirror is written: a folder or an OCI registry.

    Raises:
        RegistryError: an address that cannot be written to.
    """
    if place.startswith(("oci://", "oci+http://")):
        from kadr_registry.transport.oci import OciSink

        return OciSink(place, (environ or {}).get("KADR_REGISTRY_TOKEN", ""))
    if "://" in place:
        raise RegistryError("this cannot be written to", path=place, hint="give a folder or oci://…")
    from kadr_registry.transport.folder import FolderSink

    return FolderSink(Path(place))
