"""What importers say: the project, and everything that is not as it was in the foreign file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any

from kadr_sdk.descriptors import from_dict
from kadr_sdk.project import Project

__all__ = ["LOSSES", "TIMECODED", "ImportNote", "ImportOptions", "Imported", "ImporterDescriptor"]

LOSSES = ("lost", "changed", "assumed")
"""What a note says: left out; there, but otherwise; not said by the file and decided here."""
TIMECODED = "timecoded"
"""In a clip's ``extensions``: ``source_start`` counts as the media's own timecode does. Whoever asked
for the import takes the timecode of the first frame off, and the key out.
"""


@dataclass(frozen=True, slots=True)
class ImportNote:
    """One difference between the foreign file and the project.

    Attributes:
        kind: one of :data:`LOSSES`.
        where: a place in the foreign file (``tracks[0].children[3]``, ``line 12``).

    Raises:
        ValueError: an unknown kind.
    """

    kind: str
    where: str
    message: str

    def __post_init__(self) -> None:
        if self.kind not in LOSSES:
            raise ValueError(f"{self.kind!r} is no kind of note; write {', '.join(LOSSES)}")

    def as_dict(self) -> dict[str, str]:
        """The note as JSON-ready data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the user says of a foreign file.

    Attributes:
        fps: frames per second of the timeline; None: as the file says.
    """

    fps: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """A foreign project as ours.

    Attributes:
        project: paths of its media are absolute, or relative to the foreign file.
        notes: in the order of the file.
        kept: how many of what came through whole, by name (``clips``, ``transitions``).
    """

    project: Project
    notes: tuple[ImportNote, ...] = ()
    kept: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImporterDescriptor:
    """What an importer reads: its descriptor file.

    Attributes:
        extensions: with the dot, in lower case, the first is the usual one.
        wasm, function: of a guest, its code and the exported function.
    """

    id: str
    title: str
    extensions: tuple[str, ...]
    summary: str = ""
    wasm: str = ""
    function: str = "load"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ImporterDescriptor:
        """From descriptor data.

        Raises:
            ValueError: a key is unknown or missing, or an extension is not written as one.
        """
        found = from_dict(cls, data)
        texts = [e for e in found.extensions if str(e).startswith(".") and str(e) == str(e).lower()]
        if not texts or len(texts) != len(found.extensions):
            raise ValueError('extensions are written with the dot, in lower case: [".edl"]')
        return found
