"""The class of this processor, for hashes of what is not the same on every one."""

from __future__ import annotations

import hashlib
import importlib
import platform
from functools import cache

__all__ = ["processor_class"]


@cache
def processor_class() -> str:
    """Architecture and a digest of the instruction sets, e.g. ``x86_64-9f2c41d0``.

    Two processors of one class run the same code paths in libav and numpy, so float filters
    give the same bits. Instruction sets are those that numpy found; where a version of numpy
    does not say, the processor's name stands in.
    """
    features = _features() or [platform.processor() or "unknown"]
    digest = hashlib.sha256("\n".join(features).encode()).hexdigest()[:8]
    return f"{platform.machine()}-{digest}"


def _features() -> list[str]:
    try:  # not a public name of numpy, so it may be gone one day
        found = importlib.import_module("numpy._core._multiarray_umath").__cpu_features__
    except (ImportError, AttributeError):
        return []
    return sorted(str(name) for name, there in found.items() if there)
