"""What the backend is lent while it decodes for recognition."""

from __future__ import annotations

from typing import Any

from kadr_sdk.errors import NotFoundError
from kadr_sdk.events import WarningRaised
from kadr_sdk.services import EventBus

__all__ = ["QuietContext"]


class QuietContext:
    """Satisfies :class:`kadr_sdk.backend.RenderContext`: no effects, warnings as events, each once."""

    def __init__(self, events: EventBus) -> None:
        self._events = events
        self._told: set[tuple[str, str]] = set()

    @property
    def warned(self) -> bool:
        """Something odd was met, such as a damaged frame."""
        return bool(self._told)

    def check(self) -> None:
        """Nobody pauses it; Ctrl-C raises in the caller's own thread."""

    def advance(self, amount: int) -> None:
        """Pictures are counted where results come out."""

    def effect(self, kind: str, name: str) -> Any:
        """The graphs of recognition have none."""
        raise NotFoundError(kind, name)

    def warn(self, message: str, path: str = "", hint: str = "") -> None:
        """Tell the user."""
        if (message, path) not in self._told:
            self._told.add((message, path))
            self._events.publish(WarningRaised(message, path, hint))
