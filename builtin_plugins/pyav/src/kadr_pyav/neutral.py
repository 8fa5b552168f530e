"""Frames of a source on their way to an encoder that writes down what a frame says of itself.

A frame that nothing converted still says that it was interlaced, and which shape its pixels had.
Plans say otherwise (deliveries are progressive, in square pixels), and most encoders ask their
settings; FFV1 asks the frame. PyAV can read the first of the two and change neither: filters do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kadr_sdk.effects import FilterSpec

from kadr_pyav.graph import LiveGraph
from kadr_pyav.recipe import Recipe, Shape

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from kadr_sdk.output import VideoEncoding

__all__ = ["Neutral"]

_ASKING = ("ffv1",)


class Neutral:
    """Gives frames back as progressive, with no pixel aspect of their own; pixels are not touched."""

    def __init__(self, encoding: VideoEncoding) -> None:
        self._graph: LiveGraph | None = None
        self._number = 0
        if encoding.encoder in _ASKING:
            shape = Shape(encoding.width, encoding.height, encoding.pixel_format, encoding.color)
            recipe = Recipe()
            specs = (FilterSpec.of("setfield", mode="prog"), FilterSpec.of("setsar", sar="0/1"))
            self._graph = LiveGraph(recipe, recipe.chain(recipe.source(shape), specs), shape)

    def frame(self, frame: VideoFrame) -> VideoFrame:
        """The frame, as its encoder may see it."""
        if self._graph is None:
            return frame
        self._number += 1
        return self._graph.frame(self._number, [frame])
