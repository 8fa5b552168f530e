"""A repository in a folder: what an HTTP server serves as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kadr_registry.faults import UnreachableError
from kadr_registry.files import write_whole
from kadr_registry.pace import Pace
from kadr_registry.transport import NotThereError

__all__ = ["FolderSink", "FolderTransport"]

_PIECE = 1 << 20


class FolderTransport:
    """Satisfies :class:`kadr_registry.transport.Transport`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def place(self) -> str:
        """The folder."""
        return str(self._folder)

    def read(self, path: str, pace: Pace) -> Iterator[bytes]:
        """The file in pieces."""
        pace.begin()
        try:
            with (self._folder / path).open("rb") as file:
                while piece := file.read(_PIECE):
                    pace.received(len(piece))
                    yield piece
        except (FileNotFoundError, NotADirectoryError):
            raise NotThereError(path) from None
        except OSError as error:
            raise UnreachableError(
                f"it cannot be read: {error.strerror}", path=self._folder / path
            ) from error

    def close(self) -> None:
        """Nothing is held."""


class FolderSink:
    """Satisfies :class:`kadr_registry.transport.Sink`: a mirror that is served or copied on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def place(self) -> str:
        """The folder."""
        return str(self._folder)

    def put(self, path: str, data: bytes | Path) -> None:
        """Write the file whole; content that is addressed by its digest is left where it stands."""
        target = self._folder / path
        content = data if isinstance(data, bytes) else data.read_bytes()
        if not (path.startswith("blobs/") and target.is_file() and target.read_bytes() == content):
            write_whole(target, content)

    def close(self) -> None:
        """The timestamp came last, so nothing is left to do."""

    def abandon(self) -> None:
        """The old timestamp still names the old state."""
