"""Limits of the control group that a Linux process lives in (containers, systemd slices).

Version 2: ``cpu.max`` and ``memory.max`` of the own group and of every group above it.
Version 1: ``cpu.cfs_quota_us`` / ``cpu.cfs_period_us`` and ``memory.limit_in_bytes``.
Source: Linux kernel documentation, admin-guide/cgroup-v2 and cgroup-v1. Elsewhere: no limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

__all__ = ["cpu_quota", "memory_limit"]


def cpu_quota(root: Path = Path("/")) -> float | None:
    """Processors' worth of time that the group may use, or None without a limit."""
    return min((q for folder in _folders(root, "cpu") if (q := _quota(folder)) is not None), default=None)


def memory_limit(root: Path = Path("/")) -> int | None:
    """Bytes that the group may use, or None without a limit."""
    names = ("memory.max", "memory.limit_in_bytes")
    found = (_number(folder / name) for folder in _folders(root, "memory") for name in names)
    return min((limit for limit in found if limit is not None and limit > 0), default=None)


def _folders(root: Path, controller: str) -> Iterator[Path]:
    """Folders of the own group and of those above it, in both versions' trees."""
    base = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        # In a container the listed path may not exist below the mount; its root always does.
        mounts = (base / controllers, base / controller) if controllers else (base, base / "unified")
        path = PurePosixPath(group.lstrip("/"))
        for mount in mounts:
            yield from (mount / part for part in (path, *path.parents) if ".." not in part.parts)


def _quota(folder: Path) -> float | None:
    quota, _, period = _text(folder / "cpu.max").partition(" ")
    if not quota:
        quota, period = _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")
    try:
        ratio = int(quota) / int(period or 100_000)
    except (ValueError, ZeroDivisionError):  # "max"
        return None
    return ratio if ratio > 0 else None  # version 1 writes -1 for no limit


def _number(path: Path) -> int | None:
    try:
        return int(_text(path))
    except ValueError:  # "max", or no such file
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
