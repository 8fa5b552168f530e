"""Copying packets of a source in place of encoding its frames anew: what a backend says of it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CopyOffer", "SeamFault"]


@dataclass(frozen=True, slots=True)
class CopyOffer:
    """What can be copied of a stretch of a source's frames.

    Attributes:
        first, end: numbers of the first frame that is copied and of the one behind the last;
            equal where nothing is.
        bytes: of the packets.
        reason: why nothing is, or why the frames before ``first`` are not.
    """

    first: int
    end: int
    bytes: int = 0
    reason: str = ""

    @property
    def count(self) -> int:
        """Frames that are copied."""
        return self.end - self.first


@dataclass(frozen=True, slots=True)
class SeamFault:
    """A place at which copied packets do not show what was planned.

    Attributes:
        segment: index of the copied segment.
        message: what is wrong there.
    """

    segment: int
    message: str
