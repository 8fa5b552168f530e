"""Who shall run: what the user, the circumstances and earlier crashes say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

from kadr_sdk.errors import Problem

from kadr_kernel.plugins.crashes import LIMIT, Crash
from kadr_kernel.plugins.discovery import Found
from kadr_kernel.plugins.versions import split

__all__ = ["Absence", "Choice", "left_out", "with_requirements"]


@dataclass(frozen=True, slots=True)
class Choice:
    """The wishes and the obstacles.

    Attributes:
        disabled: ids that the user switched off.
        only: ids to run, with what they require; None: all.
        pinned: in safe mode, publisher and id of the plugins that may run; None: no safe mode.
        crashed: crashes by plugin.
        waiting: what plugins need a yes for, by id.
    """

    disabled: Set[str] = frozenset()
    only: Set[str] | None = None
    pinned: Set[tuple[str, str]] | None = None
    crashed: Mapping[str, Crash] = field(default_factory=dict)
    waiting: Mapping[str, Problem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Absence:
    """Why a plugin shall not run.

    Attributes:
        by: ``wish`` of the user, ``crash``, or ``consent`` that is missing.
    """

    by: str
    why: Problem

    def __str__(self) -> str:
        return f"{self.why.message}; {self.why.hint}" if self.why.hint else self.why.message


def left_out(found: Iterable[Found], choice: Choice) -> dict[str, Absence]:
    """Why plugins shall not run, by id; those that may are absent."""
    rows = list(found)
    only = None if choice.only is None else with_requirements(rows, choice.only)
    absences = {}
    for row in rows:
        if (absence := _absence(row, choice, only)) is not None:
            absences[row.id] = absence
    return absences


def _absence(row: Found, choice: Choice, only: Set[str] | None) -> Absence | None:
    if row.id in choice.disabled:
        return _wish("it is disabled", f"kadr plugin enable {row.id}")
    crash = choice.crashed.get(row.id)
    if crash is not None and crash.count >= LIMIT and crash.contents == row.contents:
        text = f"it took kadr down {crash.count} times in a row while {crash.entry!r} was loaded"
        return Absence("crash", Problem("", text, f"update it, then kadr plugin enable {row.id}"))
    if choice.pinned is not None and (f"dist:{row.distribution}", row.id) not in choice.pinned:
        return _wish("it is left out in safe mode", "start without --safe-mode and KADR_SAFE_MODE")
    if only is not None and row.id not in only:
        return _wish("it is left out by --plugins", f"add it: --plugins {row.id},…")
    waiting = choice.waiting.get(row.id)
    return None if waiting is None else Absence("consent", waiting)


def _wish(message: str, hint: str) -> Absence:
    return Absence("wish", Problem("", message, hint))


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
