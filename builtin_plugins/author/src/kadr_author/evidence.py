"""Evidence of a plugin's quality: which files it was found for, and what the checks said."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from kadr_sdk.manifest import FILE_NAME

from kadr_author.checks import Outcome
from kadr_author.project import Project

__all__ = ["EVIDENCE", "digests", "evidence"]

EVIDENCE = "quality.json"
"""File of a package that says how its quality was found."""


def digests(project: Project) -> Mapping[str, str]:
    """sha256 of manifest, descriptors, guests and Python code, by their name in the package."""
    paths = {project.home / FILE_NAME, *(work.descriptor for work in project.works)}
    paths |= {work.module for work in project.works if work.module is not None}
    paths |= {path for path in project.home.rglob("*.py") if any(work.item.entry for work in project.works)}
    return {
        path.relative_to(project.home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(paths)
        if path.is_file()
    }


def evidence(project: Project, level: str, outcomes: Sequence[Outcome], version: str) -> bytes:
    """What stands in a package: the step, the checks, the digests. No times: the same files, the same bytes.

    Args:
        version: of kadr.
    """
    data = {
        "kadr": version,
        "plugin": project.manifest.id,
        "version": project.manifest.version,
        "level": level,
        "checks": [asdict(outcome) for outcome in outcomes],
        "files": digests(project),
    }
    return (json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
