"""Pictures in a guest's memory: planes of inputs and output, copied in and out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame

from kadr_kernel.sandbox.layout import Layout
from kadr_kernel.sandbox.machine import Machine
from kadr_kernel.sandbox.slots import Slots

__all__ = ["Pictures"]

_MOST_ORDERS = 64


class Pictures:
    """The planes of one layout.

    Args:
        allocate: gives the guest's memory for so many bytes.
    """

    def __init__(self, layout: Layout, allocate: Callable[[int], int]) -> None:
        self._layout = layout
        self._shapes = tuple(layout.pictures)
        self._planes = [[allocate(p.size) for p in planes] for planes in self._shapes]
        last = zip(self._planes[-1:], self._shapes[-1:], strict=True) if layout.output is not None else ()
        self._output = [(at, p.size) for pair in last for at, p in zip(*pair, strict=True)]
        windows = [sum(row[0] == n for row in layout.images) for n in range(layout.inputs)]
        self._slots = Slots(windows)
        self._blocks: dict[tuple[int, ...], bytes] = {}

    @property
    def blocks(self) -> Iterator[tuple[int, int]]:
        """Pointer and size of everything that was allocated."""
        for planes, pointers in zip(self._shapes, self._planes, strict=True):
            yield from zip(pointers, (p.size for p in planes), strict=True)

    def first(self) -> bytes:
        """The image blocks before any frame has come in."""
        return self._images(tuple(range(len(self._layout.images))))

    def put(self, machine: Machine, call: FrameCall) -> bytes:
        """Copy in what is not there yet, clear the output; the image blocks for this call."""
        places, fills = self._slots.place(call.inputs)
        for place, frame in fills:
            for plane, shape, at in zip(frame.planes, self._shapes[place], self._planes[place], strict=True):
                shape.over(machine.room(at, shape.size), 0)[...] = plane
        if self._layout.output is not None:
            for shape, at in zip(self._shapes[-1], self._planes[-1], strict=True):
                machine.clear(at, shape.size)  # what a guest leaves out is black, not what it made before
            machine.expect(self._output)
        return self._images(places)

    def get(self, machine: Machine, call: FrameCall) -> VideoFrame:
        """The output, copied out."""
        found = machine.read(self._output)
        picture = VideoFrame.empty(call.format, call.width, call.height, call.color)
        for plane, shape, block in zip(picture.planes, self._shapes[-1], found, strict=True):
            plane[...] = shape.over(block, 0)
        return picture

    def _images(self, places: tuple[int, ...]) -> bytes:
        """The image blocks with every input at its place; there are few orders, so they are kept."""
        if places not in self._blocks:
            if len(self._blocks) > _MOST_ORDERS:
                self._blocks.clear()
            planes = [self._planes[place] for place in places]
            own = self._planes[-1:] if self._layout.output is not None else []
            self._blocks[places] = self._layout.image_blocks([*planes, *own])
        return self._blocks[places]
