"""The plugin list and the doctor's findings. What strangers wrote is escaped for terminals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kadr_sdk.errors import Problem
from kadr_sdk.manifest import Manifest
from kadr_sdk.text import printable

from kadr_kernel.plugins.discovery import Found
from kadr_kernel.plugins.failures import Failure

__all__ = ["Row", "doctor_rows"]


@dataclass(slots=True)
class Row:
    """One plugin, or one broken thing in its place; satisfies ``kadr_sdk.services.PluginRow``.

    Attributes:
        reasons: why it does not run; empty where all is well or the user wanted it so.
        error: the same as one text.
    """

    found: Found
    state: str = "found"
    enabled: bool = True
    reasons: tuple[Problem, ...] = ()

    @property
    def id(self) -> str:
        """The plugin's id."""
        return self.found.id

    @property
    def manifest(self) -> Manifest | None:
        """None where it cannot be read."""
        return self.found.manifest

    @property
    def origin(self) -> str:
        """Where it comes from, in words."""
        return self.found.origin

    @property
    def error(self) -> str:
        """Why it failed, or what it waits for."""
        return "; ".join(printable(_sentence(p), 2000) for p in self.reasons)


def _sentence(problem: Problem) -> str:
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message


def doctor_rows(rows: Iterable[Row], failures: Iterable[Failure]) -> list[Mapping[str, Any]]:
    """Everything that is wrong, errors first, in order of id."""
    findings = [*_of_rows(rows), *(_finding(f.plugin, "warning", f.message, f.hint) for f in failures)]
    return sorted(findings, key=lambda f: (f["severity"] != "error", f["plugin"]))


def _of_rows(rows: Iterable[Row]) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        title = row.manifest.title if row.manifest else ""
        severity = "error" if row.state == "failed" else "warning"
        for problem in row.reasons:
            text = f"{title}: {problem.message}" if title else problem.message
            yield _finding(row.id, severity, text, problem.hint)
        for text in row.found.warnings:
            yield _finding(row.id, "warning", text, "install the plugin again")


def _finding(plugin: str, severity: str, message: str, hint: str) -> Mapping[str, Any]:
    return {
        "plugin": printable(plugin),
        "severity": severity,
        "message": printable(message, 2000),
        "hint": printable(hint, 2000),
    }
