"""A registry that is looked at once: opened from any place, verified, in a folder that goes away."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from kadr_sdk.errors import InvalidParameterError, InvalidPathError

from kadr_registry.faults import TrustError, UnreachableError
from kadr_registry.mirror import Copier
from kadr_registry.pace import Limits, Pace
from kadr_registry.registry import Registry, State
from kadr_registry.transport import NotThereError, Transport, open_transport
from kadr_registry.trust import Trust

__all__ = ["Opened", "check_root", "fetch_root", "fingerprint_of", "opened", "read_root"]

_ROOT = "metadata/1.root.json"
_MAX_ROOT = 512_000


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
        raise InvalidPathError(text, path=root or place, hint=hint) from error


def fingerprint_of(root: bytes) -> str:
    """What an operator tells users of a root: its sha256."""
    return hashlib.sha256(root).hexdigest()


def fetch_root(transport: Transport, fingerprint: str) -> bytes:
    """The first root of a registry, where it is the one whose fingerprint the user was told.

    Raises:
        InvalidParameterError: this is no sha256.
        TrustError: the registry has another root.
        UnreachableError, TimeoutExceededError: it does not answer.
    """
    _wanted(fingerprint)
    data = b""
    try:
        for piece in transport.read(_ROOT, Pace(Limits())):
            data += piece
            if len(data) > _MAX_ROOT:
                break
    except NotThereError:
        raise UnreachableError("there is no root", path=transport.place, hint="check the address") from None
    check_root(data, fingerprint, transport.place)
    return data


def check_root(root: bytes, fingerprint: str, place: object) -> None:
    """Refuse a root that is not the one whose fingerprint the user was told.

    Raises:
        InvalidParameterError: this is no sha256.
        TrustError: it is another one.
    """
    if fingerprint_of(root) != _wanted(fingerprint):
        text = f"the registry has another root ({fingerprint_of(root)[:16]}…) than you were told"
        raise TrustError(text, path=place, hint="ask its operator; nothing was set up")


def _wanted(fingerprint: str) -> str:
    digits = re.sub(r"[\s:]", "", fingerprint).removeprefix("sha256").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        hint = "64 digits; kadr registry show FOLDER prints them to the operator"
        raise InvalidParameterError("this is no fingerprint of a root", path="--fingerprint", hint=hint)
    return digits
