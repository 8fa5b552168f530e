"""A registry that is looked at once: opened from any place, verified, in a folder that goes away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from kadr_sdk.errors import InvalidPathError

from kadr_registry.mirror import Copier
from kadr_registry.pace import Limits
from kadr_registry.registry import Registry, State
from kadr_registry.transport import Transport, open_transport
from kadr_registry.trust import Trust

__all__ = ["Opened", "opened", "read_root"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A registry after a refresh."""

    registry: Registry
    trust: Trust
    folder: Path
    transport: Transport
    state: State

    def copier(self) -> Copier:
        """Walks the registry."""
        return Copier(self.registry, self.trust, self.folder, self.transport)


@contextmanager
def opened(
    place: str,
    root: Path | None,
    *,
    environ: Mapping[str, str] | None = None,
    now: Callable[[], float] = time.time,
    stale_days: int = 0,
) -> Iterator[Opened]:
    """Open and refresh a registry.

    Args:
        root: file of the trusted root; None: the first root of a registry in a folder of one's own.

    Raises:
        TrustError, UnreachableError: it cannot be believed, or not be reached.
    """
    trusted = read_root(place, root)
    transport = open_transport(place, environ)
    try:
        with TemporaryDirectory(prefix="kadr-registry-") as name:
            folder, limits = Path(name), Limits()
            registry = Registry(
                place, transport, trusted, folder, limits=limits, now=now, stale_days=stale_days
            )
            state = registry.refresh()
            trust = Trust(place, trusted, folder, transport, limits, now, stale_days)
            yield Opened(registry, trust, folder, transport, state)
    finally:
        transport.close()


def read_root(place: str, root: Path | None) -> bytes:
    """The trusted root.

    Raises:
        InvalidPathError: none was given, or it cannot be read.
    """
    path = root or Path(place) / "public" / "metadata" / "1.root.json"
    try:
        return path.read_bytes()
    except OSError as error:
        text = "the root that you trust is needed" if root is None else "the root cannot be read"
        hint = "--root FILE: its operator gives it to you, 1.root.json of the registry"
        raise InvalidPathError(text, path=path, hint=hint) from error
