"""Who shall run: what the user, the circumstances and earlier crashes say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

from kadr_sdk.errors import Problem

from kadr_kernel.plugins.crashes import LIMIT, Crash
from kadr_kernel.plugins.discovery import Found
from kadr_kernel.plugins.versions import split

__all__ = ["Choice", "left_out", "with_requirements"]


@dataclass(frozen=True, slots=True)
class Choice:
    """The wishes.

    Attributes:
        disabled: ids that the user switched off.
        only: ids to run, with what they require; None: all.
        pinned: in safe mode, the distributions that may run; None: no safe mode.
        crashed: crashes by plugin.
    """

    disabled: Set[str] = frozenset()
    only: Set[str] | None = None
    pinned: Set[str] | None = None
    crashed: Mapping[str, Crash] = field(default_factory=dict)


def left_out(found: Iterable[Found], choice: Choice) -> dict[str, Problem]:
    """Why plugins shall not run, by id; those that may are absent."""
    rows = list(found)
    only = None if choice.only is None else with_requirements(rows, choice.only)
    reasons = {}
    for row in rows:
        if (reason := _reason(row, choice, only)) is not None:
            reasons[row.id] = reason
    return reasons


def _reason(row: Found, choice: Choice, only: Set[str] | None) -> Problem | None:
    if row.id in choice.disabled:
        return Problem("", "it is disabled", f"kadr plugin enable {row.id}")
    crash = choice.crashed.get(row.id)
    if crash is not None and crash.count >= LIMIT:
        text = f"it took kadr down {crash.count} times in a row while {crash.entry!r} was loaded"
        return Problem("", text, f"update it, then kadr plugin enable {row.id}")
    if choice.pinned is not None and row.distribution not in choice.pinned:
        return Problem("", "it is left out in safe mode", "start without --safe-mode and KADR_SAFE_MODE")
    if only is not None and row.id not in only:
        return Problem("", "it is left out by --plugins", f"add it: --plugins {row.id},…")
    return None


def with_requirements(found: Iterable[Found], wanted: Iterable[str]) -> frozenset[str]:
    """``wanted`` and what these require, directly or not, installed or not."""
    manifests = {row.id: row.manifest for row in found if row.manifest is not None}
    closed: set[str] = set()
    todo = list(wanted)
    while todo:
        plugin = todo.pop()
        if plugin not in closed:
            closed.add(plugin)
            manifest = manifests.get(plugin)
            todo.extend(split(r)[0] for r in (manifest.requires if manifest else ()))
    return frozenset(closed)
