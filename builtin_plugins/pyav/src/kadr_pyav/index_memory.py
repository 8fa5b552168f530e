"""Scans that outlive the process, in the service ``Cache``.

The key is what the kernel remembers digests by as well: path, size, time of change and inode of the
file, with the versions of what scanned it. Files that are scanned in a moment are not kept.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from kadr_sdk.services import Cache

from kadr_pyav.index import Scan
from kadr_pyav.scan_data import VERSION, scan_from, scan_to

__all__ = ["CACHE_KIND", "IndexMemory"]

CACHE_KIND = "index"
_WORTH = 400  # frames; fewer are scanned about as fast as they are fetched


class IndexMemory:
    """Fetches and keeps scans.

    Args:
        cache: gives the service on first use.
        versions: of the libraries that scan.
    """

    def __init__(self, cache: Callable[[], Cache], versions: str) -> None:
        self._cache, self._versions = cache, versions

    def get(self, identity: tuple[object, ...]) -> Scan | None:
        """The scan of a stream that was kept, or None."""
        found = self._cache().get(CACHE_KIND, self._key(identity))
        try:
            return None if found is None else scan_from(found.read_bytes())
        except (OSError, ValueError):
            return None

    def put(self, identity: tuple[object, ...], scan: Scan) -> None:
        """Keep a scan; where that is not possible, the next process scans again."""
        if len(scan.frames.pts) < _WORTH:
            return
        try:
            with tempfile.TemporaryDirectory(prefix="kadr-index-") as folder:
                file = Path(folder) / "scan"
                file.write_bytes(scan_to(scan))
                self._cache().put(CACHE_KIND, self._key(identity), file)
        except OSError:
            return

    def _key(self, identity: tuple[object, ...]) -> str:
        return hashlib.sha256(repr((VERSION, self._versions, identity)).encode()).hexdigest()
