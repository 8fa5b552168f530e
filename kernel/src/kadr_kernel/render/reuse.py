"""Parts that the cache has already, or that are made now and kept for the next time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kadr_sdk.errors import StorageError
from kadr_sdk.parts import PartReader
from kadr_sdk.services import Cache

__all__ = ["Part", "Reuse"]


@dataclass(frozen=True, slots=True)
class Part:
    """A finished part.

    Attributes:
        warned: something was warned of while it was made (a damaged frame was held, the mix
            was clipped): it is not kept, since the next render has to say so again.
    """

    path: Path
    digest: str
    warned: bool = False
    origin: str = "rendered"


class Reuse:
    """The cache as a job uses it.

    Args:
        cache: None where the job wants none.
        waiting: called while somebody else makes what the job wants; what it raises ends the wait.
    """

    def __init__(self, cache: Cache | None, waiting: Callable[[], object]) -> None:
        self._cache = cache
        self._waiting = waiting

    def part(self, kind: str, key: str, make: Callable[[], Part]) -> Part:
        """The part of a content hash, made at most once by all jobs that want it now."""
        if self._cache is None:
            return make()
        with self._cache.claim(kind, key, self._waiting) as path:
            found = _read(path)
            if found is not None:
                return found
            made = make()
            if not made.warned:
                self._cache.put(kind, key, made.path)
            return made


def _read(path: Path | None) -> Part | None:
    """The part that stands there; None where it is none after all."""
    if path is None:
        return None
    try:
        with PartReader(path) as reader:
            return Part(path, reader.digest, origin="cached")
    except StorageError:
        return None
