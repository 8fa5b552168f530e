"""What a render would have to do, and about how long and large it would be."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Forecast"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """A look ahead at a plan; the cache may be another a moment later.

    Attributes:
        segments: ``copied``, ``cached`` or ``rendered``, one for each.
        audio, film: ``cached`` or ``rendered``; empty where the plan has none. Where the film
            of a two-pass render is cached, its segments are not needed and count as cached.
        blocks: of the sound, where it is mixed anew in blocks: how many are cached, and how many
            there are.
        seconds: wall clock for what is rendered, from the quickest to the slowest that such
            work took on this machine; joining and checking are not in it. None where nothing
            like a part of it has been rendered here yet.
        bytes: least and most of the result, in the same way.
        workers: segments at once that the time is for.
    """

    segments: tuple[str, ...]
    audio: str = ""
    film: str = ""
    seconds: tuple[float, float] | None = None
    bytes: tuple[int, int] | None = None
    workers: int = 1
    blocks: tuple[int, int] = (0, 0)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready data."""
        return asdict(self)
