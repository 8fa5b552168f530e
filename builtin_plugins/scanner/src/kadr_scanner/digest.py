"""The identity of a file: sha256 of all its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

__all__ = ["digest_of"]


def digest_of(path: Path, check: Callable[[], object]) -> str:
    """sha256 of a file as hex.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(1 << 20):
            check()
            digest.update(block)
    return digest.hexdigest()
