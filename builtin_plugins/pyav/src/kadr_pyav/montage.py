"""The stage of a nested timeline: one part after the other, and only one of them open."""

from __future__ import annotations

from collections.abc import Callable

from av.video.frame import VideoFrame as AvFrame
from kadr_sdk.plan import Montage, Node

from kadr_pyav.resources import Stage
from kadr_pyav.shapes import shape_of

__all__ = ["MontageStage"]


class MontageStage:
    """Frames of the parts in the planned order.

    Args:
        compiled: a stage for a part; nothing is opened before its first frame.
    """

    def __init__(self, node: Montage, compiled: Callable[[Node], Stage]) -> None:
        self.shape = shape_of(node)
        self._node, self._compiled = node, compiled
        self._open: tuple[int, Stage] | None = None

    def frame(self, number: int) -> AvFrame:
        """The frame of that number, with it as its time."""
        part, at = self._node.shown[number]
        if self._open is None or self._open[0] != part:
            self.close()
            self._open = part, self._compiled(self._node.parts[part])
        frame = self._open[1].frame(at)
        frame.pts = number
        return frame

    def close(self) -> None:
        """Close the part that is open."""
        if self._open is not None:
            self._open[1].close()
        self._open = None
