"""Projects whose media has moved: the library knows the content, and where it stands now."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kadr_sdk.project import Clip, Project

from kadr_scanner.index import Index

__all__ = ["Relinked", "relinked_project"]


@dataclass(frozen=True, slots=True)
class Relinked:
    """Old and new paths of what was found, and what was not."""

    found: list[tuple[str, str]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"found": [{"old": a, "new": b} for a, b in self.found], "lost": self.lost}


def relinked_project(index: Index, project: Project, base: Path) -> tuple[Project, Relinked]:
    """The project with the paths of today; the same object where nothing was to be changed.

    Args:
        base: folder that its relative paths start from.
    """
    report = Relinked()
    known: dict[str, str | None] = {}
    tracks = []
    for track in project.timeline.tracks:
        clips = tuple(_clip(index, clip, base, known, report) for clip in track.clips)
        tracks.append(track.model_copy(update={"clips": clips}))
    if not report.found:
        return project, report
    timeline = project.timeline.model_copy(update={"tracks": tuple(tracks)})
    return project.model_copy(update={"timeline": timeline}), report


def _clip(index: Index, clip: Clip, base: Path, known: dict[str, str | None], report: Relinked) -> Clip:
    source = clip.source_file
    if source is None or (base / source).exists():
        return clip
    if source not in known:
        known[source] = _found(index, base, source)
        if known[source] is None:
            report.lost.append(source)
        else:
            report.found.append((source, str(known[source])))
    return clip if known[source] is None else clip.model_copy(update={"source_file": known[source]})


def _found(index: Index, base: Path, source: str) -> str | None:
    """Where the content stands now, relative where the path was; None where nobody knows."""
    path = Path(os.path.abspath(base / source))  # noqa: PTH100 - without following links: as it was scanned
    row = index.find(path)
    digest = row.digest if row is not None and row.digest else index.former(path)
    for other in index.of_content(digest) if digest else ():
        if not other.missing and other.path.is_file():
            return _as_written(other.path, base, source)
    return None


def _as_written(path: Path, base: Path, source: str) -> str:
    if Path(source).is_absolute():
        return str(path)
    try:
        return Path(os.path.relpath(path, base)).as_posix()
    except ValueError:  # on another drive
        return str(path)
