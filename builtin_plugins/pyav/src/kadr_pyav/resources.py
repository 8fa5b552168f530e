"""What stages work with, and what every stage is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from av.video.frame import VideoFrame as AvFrame
from kadr_sdk.backend import RenderContext

from kadr_pyav.pool import ReaderPool
from kadr_pyav.recipe import Shape

__all__ = ["Resources", "Stage"]


@dataclass(frozen=True, slots=True)
class Resources:
    """Readers to lease and the kernel's context; shared by the stages of a graph."""

    pool: ReaderPool
    context: RenderContext


class Stage(Protocol):
    """Something that gives frames by number; for one thread at a time.

    Frames are read-only for whoever gets them, their times and tags excepted, and stay valid
    while they are held.
    """

    shape: Shape

    def frame(self, number: int) -> AvFrame:
        """The frame of that number, counted from the node's first."""
        ...

    def close(self) -> None:
        """Let readers and graphs go."""
        ...
