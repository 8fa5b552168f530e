"""A cache in a folder of its own, with a clock that the test turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kadr_cache.cache import DiskCache
from kadr_cache.settings import Settings


@dataclass
class Bench:
    """Opens caches on one folder, as several processes would.

    Attributes:
        now: what their clock says.
        warnings: messages to the user.
    """

    folder: Path
    now: float = 1_700_000_000.0
    warnings: list[str] = field(default_factory=list)
    opened: list[DiskCache] = field(default_factory=list)

    def cache(self, **settings: Any) -> DiskCache:
        found = DiskCache(
            Settings(self.folder / "cache", **settings),
            now=lambda: self.now,
            warn=lambda message, path, hint: self.warnings.append(f"{path}: {message} ({hint})"),
        )
        self.opened.append(found)
        return found

    def file(self, content: bytes, name: str = "part") -> Path:
        """A finished file outside the cache."""
        path = self.folder / name
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        return path

    def put(self, cache: DiskCache, key: str, content: bytes) -> None:
        cache.put("segment", key, self.file(content))

    def blobs(self) -> list[Path]:
        return sorted(p for p in (self.folder / "cache" / "blobs").glob("*/*"))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    found = Bench(tmp_path)
    yield found
    for cache in found.opened:
        cache.close()


@pytest.fixture
def read() -> Callable[[DiskCache, str], bytes | None]:
    """What a cache gives for a key of kind ``segment``."""

    def content(cache: DiskCache, key: str) -> bytes | None:
        path = cache.get("segment", key)
        return None if path is None else path.read_bytes()

    return content
