"""What was seen in media, as recognition tells it, for searches."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from kadr_sdk.errors import KadrError
from kadr_sdk.events import WarningRaised
from kadr_sdk.plugin import PluginContext

from kadr_scanner.index import INDEX, Index

__all__ = ["IndexedFindings"]


class IndexedFindings:
    """Satisfies :class:`kadr_sdk.services.Findings`: in the library's index, by content."""

    def __init__(self, context: PluginContext) -> None:
        self._events = context.events
        self._index = Index(context.storage / INDEX)

    def record(self, digest: str, model: str, classes: Mapping[str, float]) -> None:
        """Remember it; where that fails, the results stand all the same."""
        try:
            with self._index.write() as writer:
                for name, best in classes.items():
                    writer.seen(digest, model, name, best)
        except (OSError, sqlite3.Error, KadrError) as error:
            text = f"what was seen cannot be searched for: {error}"
            self._events.publish(WarningRaised(text, str(self._index.path)))

    def close(self) -> None:
        """Close the index."""
        self._index.close()
