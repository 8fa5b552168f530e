"""Parts that the cache has already, or that are made now and kept for the next time.

What was warned of while a part was made stands in its header, so that the next render says it
too. Only a part whose making met a damaged file is not kept: what was held or left black
there is not what the hash promises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kadr_sdk.errors import MediaFileError, Problem, StorageError
from kadr_sdk.parts import PartReader, PartWriter
from kadr_sdk.services import Cache

from kadr_kernel.render.job import PartContext

__all__ = ["NotedWriter", "Part", "Reuse"]

_NOTES = "warnings"


@dataclass(frozen=True, slots=True)
class Part:
    """A finished part, and what was warned of while it was made."""

    path: Path
    digest: str
    warnings: tuple[Problem, ...] = ()
    origin: str = "rendered"

    @property
    def damaged(self) -> bool:
        """A warning that names a file is about the damage in it."""
        return any(warning.path for warning in self.warnings)


class NotedWriter(PartWriter):
    """Writes the warnings of a part into its header."""

    def __init__(self, path: Path, context: PartContext) -> None:
        self._context = context
        super().__init__(path)

    def finish(self, header: Mapping[str, Any]) -> str:
        """As the base class does."""
        notes = [warning.as_dict() for warning in self._context.warnings]
        return super().finish(dict(header) | ({_NOTES: notes} if notes else {}))


class Reuse:
    """The cache as a job uses it.

    Args:
        cache: None where the job wants none.
        waiting: called while somebody else makes what the job wants; what it raises ends the wait.
        require: raises where one of these files is no longer what was planned with.
    """

    def __init__(
        self,
        cache: Cache | None,
        waiting: Callable[[], object],
        require: Callable[[Iterable[str]], object],
    ) -> None:
        self._cache = cache
        self._waiting = waiting
        self._require = require
        self._found: list[str] = []

    @property
    def keeps(self) -> bool:
        """True where what is made may be found again."""
        return self._cache is not None

    def count(self, kind: str) -> int:
        """How many parts of a kind were there already."""
        return self._found.count(kind)

    def found(self, kind: str, count: int) -> None:
        """Parts of a kind that need not be looked for, since what they are for was there."""
        self._found += [kind] * count

    def has(self, kind: str, key: str) -> bool:
        """Whether a part seems to be there already; that it is whole is seen when it is used."""
        return self._cache is not None and self._cache.size(kind, key) is not None

    def part(self, kind: str, key: str, make: Callable[[], Part], reads: Iterable[str] = ()) -> Part:
        """The part of a content hash, made at most once by all jobs that want it now.

        Args:
            reads: the files that it is made of.

        Raises:
            MediaFileError: one of these was changed, so what is made of it is not what the hash promises.
        """
        if self._cache is None:
            return self._make(make, reads)
        with self._cache.claim(kind, key, self._waiting) as path:
            found = _read(path)
            if found is not None:
                self._found.append(kind)
                return found
            made = self._make(make, reads)
            if not made.damaged:
                self._cache.put(kind, key, made.path)
            return made

    def _make(self, make: Callable[[], Part], reads: Iterable[str]) -> Part:
        self._require(reads)
        try:
            made = make()
        except MediaFileError:
            self._require(reads)  # that is why, then
            raise
        self._require(reads)
        return made


def _read(path: Path | None) -> Part | None:
    """The part that stands there; None where it is none after all."""
    if path is None:
        return None
    try:
        with PartReader(path) as reader:
            notes = tuple(Problem(**row) for row in reader.header.get(_NOTES, ()))
            return Part(path, reader.digest, notes, "cached")
    except (StorageError, TypeError):
        return None
