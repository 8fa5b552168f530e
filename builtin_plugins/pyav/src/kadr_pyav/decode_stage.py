"""The stage that reads a source: the frame on screen at each time of the plan."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from av.video.frame import VideoFrame as AvFrame
from kadr_sdk.plan import Decode, Solid

from kadr_pyav.avcolor import paint_tags
from kadr_pyav.conform import convert_filters
from kadr_pyav.deinterlace import Deinterlacer
from kadr_pyav.graph import LiveGraph
from kadr_pyav.layout import layout_of
from kadr_pyav.reader import FrameReader
from kadr_pyav.recipe import Recipe, Shape
from kadr_pyav.resources import Resources
from kadr_pyav.shapes import shape_of
from kadr_pyav.solid import solid_frame

__all__ = ["DecodeStage"]


class DecodeStage:
    """Frames of a source by the node's times; the reader is leased at the first frame."""

    def __init__(self, node: Decode, resources: Resources) -> None:
        self._node, self._resources = node, resources
        self.shape = shape_of(node)
        self._leases = ExitStack()
        self._reader: FrameReader | None = None
        self._deinterlacer: Deinterlacer | None = None
        self._repair: tuple[Shape, LiveGraph] | None = None
        self._repaired = 0
        self._last: tuple[int, AvFrame] | None = None

    def frame(self, number: int) -> AvFrame:
        """The frame on screen at the time of that number; a held time costs nothing."""
        reader = self._open()
        position = reader.position(self._node.times.at(number))
        if self._last is None or self._last[0] != position:
            self._last = position, self._read(reader, position)
        return self._last[1]

    def close(self) -> None:
        """Give the reader back."""
        self._last = self._reader = self._deinterlacer = self._repair = None
        self._leases.close()

    def _open(self) -> FrameReader:
        if self._reader is None:
            source = self._node.source
            lease = self._resources.pool.lease(
                Path(source.path),
                source.stream,
                policy=self._node.damage,
                report=lambda message: self._resources.context.warn(message, source.path),
                backwards=self._node.times.at(0) > self._node.times.at(self._node.frames - 1),
            )
            self._reader = self._leases.enter_context(lease)
        return self._reader

    def _read(self, reader: FrameReader, position: int) -> AvFrame:
        if self._node.deinterlace == "off":
            return self._planned(reader.frame(position))
        if self._deinterlacer is None:
            self._deinterlacer = Deinterlacer(self.shape, self._node.deinterlace)
        last = len(reader.index.pts) - 1
        return self._deinterlacer.frame(position, last, lambda p: self._planned(reader.frame(p)))

    def _planned(self, frame: AvFrame | None) -> AvFrame:
        """The frame in the planned size and format, also where the stream changes on its way."""
        if frame is None:
            return self._black()
        shape = Shape(frame.width, frame.height, frame.format.name, self.shape.color)
        if str(shape) == str(self.shape):
            paint_tags(frame, self.shape.color)
            return frame
        if self._repair is None or self._repair[0] != shape:
            recipe = Recipe()
            end = recipe.chain(recipe.source(shape), convert_filters(shape, self.shape))
            self._repair = shape, LiveGraph(recipe, end, self.shape)
        self._repaired += 1
        return self._repair[1].frame(self._repaired, [frame])

    def _black(self) -> AvFrame:
        shape = self.shape
        full = layout_of(shape.format).full if not layout_of(shape.format).planned else shape.format
        node = Solid((0.0, 0.0, 0.0, 1.0), shape.width, shape.height, full, shape.color, 1)
        frame = solid_frame(node)
        return frame if full == shape.format else self._planned(frame)
