"""What comes through, and what does not: the fidelity of an import."""

from __future__ import annotations

from collections import Counter

from kadr_sdk.importing import ImportNote
from kadr_sdk.text import printable

__all__ = ["Notes"]

_MOST = 500  # enough to read


class Notes:
    """Collects notes in order, each text of a place once."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], None] = {}
        self.kept: Counter[str] = Counter()
        self._more = 0

    def add(self, kind: str, where: str, message: str) -> None:
        """Note a difference; ``message`` may hold foreign text."""
        row = kind, where, printable(message, 300)
        if len(self._rows) < _MOST or row in self._rows:
            self._rows[row] = None
        else:
            self._more += 1

    def rows(self) -> tuple[ImportNote, ...]:
        """All of them; beyond a number that anybody reads, how many more."""
        found = [ImportNote(*row) for row in self._rows]
        if self._more:
            found.append(ImportNote("changed", "", f"and {self._more} more differences"))
        return tuple(found)
