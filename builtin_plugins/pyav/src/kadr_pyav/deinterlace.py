"""Deinterlacing by bwdif, the same by random access as in a run.

bwdif looks at the frame before and the frame after; both are fed after every jump, and at
the ends of a stream it takes the frame itself in their place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import av
from av.filter import Graph
from av.video.frame import VideoFrame as AvFrame
from kadr_sdk.errors import BackendError

from kadr_pyav.avcolor import paint_tags
from kadr_pyav.recipe import Shape, source_options

__all__ = ["Deinterlacer"]


class Deinterlacer:
    """One progressive frame for every frame of the source.

    Args:
        order: field order, ``tff`` or ``bff``.
    """

    def __init__(self, shape: Shape, order: str) -> None:
        self._shape, self._order = shape, order
        self._reached: int | None = None

    def frame(self, position: int, last: int, read: Callable[[int], AvFrame]) -> AvFrame:
        """The frame of that position; ``read`` gives the source's frames 0 to ``last``.

        Raises:
            BackendError: libav refuses the picture.
        """
        try:
            if self._reached is None or position != self._reached + 1:
                self._begin(position, read)
            self._feed(read(min(position + 1, last)))
            self._reached = position
            frame = cast(AvFrame, self._sink.pull())
        except av.FFmpegError as error:
            self._reached = None
            message = f"libav could not deinterlace: {error}"
            raise BackendError(message, filter="bwdif", log=str(error)) from error
        paint_tags(frame, self._shape.color)
        return frame

    def _begin(self, position: int, read: Callable[[int], AvFrame]) -> None:
        graph = Graph()
        graph.threads = 1
        self._source = graph.add("buffer", source_options(self._shape))
        bwdif = graph.add("bwdif", None, mode="send_frame", parity=self._order, deint="all")
        self._sink = graph.add("buffersink")
        graph.link_nodes(self._source, bwdif, self._sink).configure()
        self._graph, self._fed = graph, 0
        if position > 0:
            self._feed(read(position - 1))
        self._feed(read(position))
        if position > 0:
            self._sink.pull()  # the neighbour's own picture

    def _feed(self, frame: AvFrame) -> None:
        paint_tags(frame, self._shape.color)
        frame.pts, frame.duration = self._fed, 1
        self._source.push(frame)
        self._fed += 1
