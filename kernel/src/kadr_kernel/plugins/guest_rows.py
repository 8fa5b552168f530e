"""An analyzer that a guest carries out, over the rows of another analyzer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kadr_sdk.data_guests import RowsDescriptor

from kadr_kernel.plugins.guest_data import Asked

__all__ = ["GuestRows"]


class GuestRows:
    """Satisfies :class:`kadr_sdk.data_guests.RowsAnalyzer`."""

    def __init__(self, asked: Asked, described: RowsDescriptor) -> None:
        self._asked = asked
        self.described = described

    def digest(
        self, rows: Iterable[Mapping[str, Any]], values: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        """All rows go in at once, as a guest keeps nothing between calls; its own come out.

        Raises:
            InputError: the guest says no.
            PluginError: it fails, or answers with anything but rows.
        """
        found = self._asked.ask({"values": dict(values), "rows": [dict(row) for row in rows]})
        self._asked.known(found, "rows")
        made = found.get("rows")
        if not isinstance(made, list) or not all(isinstance(row, dict) for row in made):
            raise self._asked.wrong("its rows are no list of objects")
        yield from made

    def close(self) -> None:
        """End the guest."""
        self._asked.close()
