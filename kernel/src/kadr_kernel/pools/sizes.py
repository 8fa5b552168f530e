"""How much this process may use: processors and memory."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

from kadr_kernel.pools.cgroup import cpu_quota, memory_limit

__all__ = ["default_budget", "physical_memory", "usable_cpus", "usable_memory"]

_UNKNOWN_MEMORY = 4 << 30  # where the system does not tell: small enough for any machine that edits video


def usable_cpus(root: Path = Path("/")) -> int:
    """Processors by affinity, lowered to the control group's share (rounded up), at least 1."""
    allowed = _affinity()
    quota = cpu_quota(root)
    return max(1, allowed if quota is None else min(allowed, math.ceil(quota)))


def usable_memory(root: Path = Path("/")) -> int:
    """Bytes of physical memory, lowered to the control group's limit."""
    physical = physical_memory()
    limit = memory_limit(root)
    return physical if limit is None else min(physical, limit)


def default_budget(root: Path = Path("/")) -> int:
    """Half of the usable memory: the other half is for libraries, the page cache and the user."""
    return usable_memory(root) // 2


def _affinity() -> int:
    if sys.version_info >= (3, 13) and (count := os.process_cpu_count()):
        return count
    if sys.platform != "win32" and hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


if sys.platform == "win32":
    import ctypes

    class _MemoryStatus(ctypes.Structure):
        """MEMORYSTATUSEX of sysinfoapi.h."""

        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            ("total", ctypes.c_ulonglong),
            ("available", ctypes.c_ulonglong),
            ("rest", ctypes.c_ulonglong * 5),
        )

    def physical_memory() -> int:
        """Bytes of memory in this machine."""
        status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
        if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            return _UNKNOWN_MEMORY
        return int(status.total)

else:

    def physical_memory() -> int:
        """Bytes of memory in this machine."""
        try:
            size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        except (ValueError, OSError):
            return _UNKNOWN_MEMORY
        return size if size > 0 else _UNKNOWN_MEMORY
