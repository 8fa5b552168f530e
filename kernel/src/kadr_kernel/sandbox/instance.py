"""One instance of a guest and the blocks in its memory. In one hand at a time."""

from __future__ import annotations

from collections.abc import Callable

from kadr_sdk.abi import ABI_VERSION, JOB
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame
from kadr_sdk.text import printable

from kadr_kernel.sandbox.faults import GuestError
from kadr_kernel.sandbox.host_link import HostHandler
from kadr_kernel.sandbox.layout import Layout
from kadr_kernel.sandbox.machine import Code
from kadr_kernel.sandbox.memory import check_block, check_blocks
from kadr_kernel.sandbox.slots import Slots
from kadr_kernel.sandbox.values import Packed

__all__ = ["Instance"]

_MOST_MEMORY = 0xFFFF_0000
_MOST_ORDERS = 64


class Instance:
    """A guest ready for calls of one layout.

    Not safe to use from two threads at once: whoever holds it, holds it alone
    (:class:`~kadr_kernel.sandbox.pool.Pool`).

    Args:
        handler: answers the host functions that the guest imports.

    Raises:
        GuestError: it does not start, or its allocator breaks a rule.
    """

    def __init__(self, code: Code, layout: Layout, handler: HostHandler | None = None) -> None:
        self._code = code
        self.layout = layout
        self._shapes = tuple(layout.pictures)
        self._blocks: dict[tuple[int, ...], bytes] = {}
        memory = code.facts.memory_bytes + layout.total_bytes + code.limits.working_bytes
        self._machine = code.start(min(memory, _MOST_MEMORY), handler)
        try:
            self._start()
            self._place()
        except BaseException:
            self.close()
            raise

    @property
    def memory_bytes(self) -> int:
        """Of linear memory, now; memory never shrinks."""
        return self._machine.size

    def run(self, call: FrameCall, packed: Callable[[int], Packed]) -> VideoFrame:
        """The picture of a call.

        Args:
            packed: the parameters, for the place of what they point at.

        Raises:
            GuestError: it trapped, ran too long or said that it failed.
        """
        self._write(call, packed)
        self._check_status("kadr_process", self._call("kadr_process", self._job))
        return self._read(call)

    def reset(self) -> bool:
        """Tell it to forget what it saw; False where it has no function for that.

        Raises:
            GuestError: it trapped.
        """
        if "kadr_reset" not in self._code.facts.functions:
            return False
        self._call("kadr_reset")
        return True

    def close(self) -> None:
        """Give its memory back."""
        self._machine.close()

    # -- start ---------------------------------------------------------------------------------

    def _start(self) -> None:
        seconds = self._code.limits.start_seconds
        if "_initialize" in self._code.facts.functions:
            self._call("_initialize", seconds=seconds)
        if (version := self._call("kadr_abi", seconds=seconds)) != ABI_VERSION:
            raise GuestError("abi", f"kadr_abi says {version}; its section says {ABI_VERSION}")

    def _place(self) -> None:
        """Have room made for every block, and write what stays."""
        layout = self.layout
        self._job = self._allocate(layout.control_bytes)
        self._planes = [[self._allocate(p.size) for p in planes] for planes in self._shapes]
        sizes = [[p.size for p in planes] for planes in self._shapes]
        blocks = [(self._job, layout.control_bytes)]
        for row in zip(self._planes, sizes, strict=True):
            blocks += zip(*row, strict=True)
        check_blocks(blocks)
        windows = [sum(row[0] == n for row in layout.images) for n in range(layout.inputs)]
        self._slots = Slots(windows)
        self._machine.clear(self._job, layout.control_bytes)
        self._put(self._job + layout.offsets[0], self._images(tuple(range(len(layout.images)))))
        if "kadr_init" in self._code.facts.functions:
            self._put(self._job, bytes(self._block()))
            seconds = self._code.limits.start_seconds
            self._check_status("kadr_init", self._call("kadr_init", self._job, seconds=seconds))

    def _allocate(self, size: int) -> int:
        pointer = self._call("kadr_alloc", size, seconds=self._code.limits.start_seconds)
        check_block(pointer, size, self._machine.size)
        return pointer

    # -- a call --------------------------------------------------------------------------------

    def _call(self, name: str, *arguments: int, seconds: float = 0.0) -> int:
        return self._machine.call(name, *arguments, seconds=seconds or self._code.limits.call_seconds)

    def _block(self, call: FrameCall | None = None) -> bytearray:
        layout, job = self.layout, self._job
        images, output, params, message, _room = layout.offsets
        return JOB.pack(
            y1=layout.output[2],
            tiles=1,
            params=job + params if layout.params else 0,
            param_count=layout.params,
            inputs=job + images if layout.images else 0,
            input_count=len(layout.images),
            output=job + output,
            message=job + message,
            message_capacity=layout.message,
            scale_x=1.0,
            scale_y=1.0,
            **({} if call is None else _moment(call)),
        )

    def _write(self, call: FrameCall, packed: Callable[[int], Packed]) -> None:
        layout, machine = self.layout, self._machine
        places, fills = self._slots.place(call.inputs)
        for place, frame in fills:
            for plane, shape, at in zip(frame.planes, self._shapes[place], self._planes[place], strict=True):
                shape.over(machine.room(at, shape.size), 0)[...] = plane
        for shape, at in zip(self._shapes[-1], self._planes[-1], strict=True):
            machine.clear(at, shape.size)  # what a guest leaves out is black, not what it made before
        images, _output, params, _message, room = layout.offsets
        rows, behind = packed(self._job + room)
        self._put(self._job + images, self._images(places))
        self._put(self._job, bytes(self._block(call)))
        self._put(self._job + params, rows)
        self._put(self._job + room, behind)

    def _images(self, places: tuple[int, ...]) -> bytes:
        """The image blocks with every input at its place; there are few orders, so they are kept."""
        if places not in self._blocks:
            if len(self._blocks) > _MOST_ORDERS:
                self._blocks.clear()
            planes = [self._planes[place] for place in places]
            self._blocks[places] = self.layout.image_blocks([*planes, self._planes[-1]])
        return self._blocks[places]

    def _put(self, pointer: int, data: bytes) -> None:
        if data:
            self._machine.room(pointer, len(data))[...] = memoryview(data)

    def _read(self, call: FrameCall) -> VideoFrame:
        sizes = [shape.size for shape in self._shapes[-1]]
        found = self._machine.read(list(zip(self._planes[-1], sizes, strict=True)))
        picture = VideoFrame.empty(call.format, call.width, call.height, call.color)
        for plane, shape, block in zip(picture.planes, self._shapes[-1], found, strict=True):
            plane[...] = shape.over(block, 0)
        return picture

    def _check_status(self, name: str, status: int) -> None:
        if status == 0:
            return
        signed = status - (1 << 32) if status >> 31 else status
        words = self._message()
        raise GuestError("status", f"it says: {words}" if words else f"{name} returned {signed}")

    def _message(self) -> str:
        """The guest's words: from our own pointer, with a length that is believed only in bounds."""
        block = self._machine.read([(self._job, JOB.size)])[0].tobytes()
        length = int(JOB.read(block, "message_length"))
        if length > self.layout.message:
            return f"(a message of {length} bytes where {self.layout.message} are)"
        begin = self._job + self.layout.offsets[3]
        words = self._machine.read([(begin, length)])[0].tobytes()
        return printable(words.decode("utf-8", "replace"), 400)


def _moment(call: FrameCall) -> dict[str, float]:
    """What of a job changes from frame to frame."""
    return {
        "frame": call.frame,
        "rate_num": call.rate.numerator & 0xFFFF_FFFF,
        "rate_den": call.rate.denominator & 0xFFFF_FFFF,
        "time": float(call.time),
        "duration": float(call.duration),
        "progress": float(call.progress),
        "seed": call.seed & 0xFFFF_FFFF_FFFF_FFFF,
    }
