"""An importer that a guest carries out: it sees the file's name and content, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kadr_sdk.errors import InputError, SerializationError, ValidationError
from kadr_sdk.importing import LOSSES, Imported, ImporterDescriptor, ImportNote, ImportOptions
from kadr_sdk.project import parse_project
from kadr_sdk.text import printable, shown

from kadr_kernel.plugins.guest_data import Asked, file_document

__all__ = ["GuestImporter"]

_MOST_NOTES = 1000


class GuestImporter:
    """Satisfies :class:`kadr_sdk.contributions.Importer`."""

    def __init__(self, asked: Asked, described: ImporterDescriptor) -> None:
        self._asked = asked
        self.described = described

    def load(self, path: Path, options: ImportOptions) -> Imported:
        """The project that the guest makes of the file.

        Raises:
            SerializationError: the guest says that it is no such file.
            PluginError: it fails, or what it gives is no project.
        """
        fps = None if options.fps is None else str(options.fps)
        try:
            found = self._asked.ask({"input": file_document(path), "options": {"fps": fps}})
        except InputError as error:
            if error.path:  # the file itself
                raise
            raise SerializationError(error.message, path=path) from None
        self._asked.known(found, "project", "notes", "kept")
        try:
            project = parse_project(found.get("project") or {}, name=str(path))
        except (ValidationError, SerializationError) as error:
            raise self._asked.wrong(f"what it makes of {path.name} is no project: {error}") from None
        return Imported(project, self._notes(found.get("notes")), self._kept(found.get("kept")))

    def close(self) -> None:
        """End the guest."""
        self._asked.close()

    def _notes(self, rows: Any) -> tuple[ImportNote, ...]:
        notes = []
        for row in rows if isinstance(rows, list) else []:
            if not isinstance(row, dict) or row.get("kind") not in LOSSES:
                raise self._asked.wrong(f"a note says kind, where and message, not {shown(row)}")
            where, message = printable(row.get("where", "")), printable(row.get("message", ""), 300)
            notes.append(ImportNote(row["kind"], where, message))
        return tuple(notes[:_MOST_NOTES])

    def _kept(self, counts: Any) -> dict[str, int]:
        rows = counts.items() if isinstance(counts, dict) else ()
        return {printable(word, 40): number for word, number in rows if isinstance(number, int)}
