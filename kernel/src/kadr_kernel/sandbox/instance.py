"""One instance of a guest and the blocks in its memory. In one hand at a time."""

from __future__ import annotations

from collections.abc import Callable

from kadr_sdk.abi import AUDIO, JOB
from kadr_sdk.audio_effects import AudioCall
from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import AudioBlock, VideoFrame
from kadr_sdk.text import printable

from kadr_kernel.sandbox.faults import GuestError
from kadr_kernel.sandbox.host_link import HostHandler
from kadr_kernel.sandbox.layout import Layout
from kadr_kernel.sandbox.machine import Code
from kadr_kernel.sandbox.memory import check_block, check_blocks
from kadr_kernel.sandbox.moment import moment
from kadr_kernel.sandbox.pictures import Pictures
from kadr_kernel.sandbox.values import Packed
from kadr_kernel.sandbox.waves import Waves

__all__ = ["Instance"]

_MOST_MEMORY = 0xFFFF_0000


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
        self._behind: bytes | None = None
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

    def run(self, call: FrameCall | AudioCall, packed: Callable[[int], Packed]) -> None:
        """Have a call carried out.

        Args:
            packed: the parameters, for the place of what they point at.

        Raises:
            GuestError: it trapped, ran too long or said that it failed.
        """
        self._write(call, packed)
        self._check_status("kadr_process", self._call("kadr_process", self._job))

    def picture(self, call: FrameCall) -> VideoFrame:
        """The picture that the last call made."""
        return self._pictures.get(self._machine, call)

    def block(self, call: AudioCall) -> AudioBlock:
        """The sound that the last call made."""
        assert self._waves is not None
        return self._waves.get(self._machine, call)

    def data(self) -> bytes:
        """What the last call said.

        Raises:
            GuestError: it says that there is more than there is room for.
        """
        length = self._written("data_length")
        if length > self.layout.data:
            raise GuestError("abi", f"it says {length} bytes of data where {self.layout.data} have room")
        return self._bytes(self.layout.offsets.data, length)

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
        claimed = self._code.facts.version
        if (version := self._call("kadr_abi", seconds=seconds)) != claimed:
            raise GuestError("abi", f"kadr_abi says {version}; its section says {claimed}")

    def _place(self) -> None:
        """Have room made for every block, and write what stays."""
        layout = self.layout
        self._job = self._allocate(layout.control_bytes)
        self._pictures = Pictures(layout, self._allocate)
        self._waves = Waves(layout.sound, self._allocate) if layout.sound else None
        sounds = self._waves.blocks if self._waves else ()
        check_blocks([(self._job, layout.control_bytes), *self._pictures.blocks, *sounds])
        self._machine.clear(self._job, layout.control_bytes)
        self._put(self._job + layout.offsets.images, self._pictures.first())
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

    def _block(self, call: FrameCall | AudioCall | None = None) -> bytearray:
        layout, job = self.layout, self._job
        at = layout.offsets
        sounds = layout.sound.inputs if layout.sound else 0
        return JOB.pack(
            y1=layout.output[2] if layout.output else 0,
            tiles=1,
            params=job + at.params if layout.params else 0,
            param_count=layout.params,
            inputs=job + at.images if layout.images else 0,
            input_count=len(layout.images),
            output=job + at.output if layout.output else 0,
            audio=job + at.sounds if sounds else 0,
            audio_count=sounds,
            audio_output=job + at.sounds + AUDIO.size * sounds if layout.sound else 0,
            data=job + at.data if layout.data else 0,
            data_capacity=layout.data,
            message=job + at.message,
            message_capacity=layout.message,
            **moment(call),
        )

    def _write(self, call: FrameCall | AudioCall, packed: Callable[[int], Packed]) -> None:
        at = self.layout.offsets
        if isinstance(call, AudioCall):
            assert self._waves is not None
            self._put(self._job + at.sounds, self._waves.put(self._machine, call, self._job + at.sounds))
        else:
            self._put(self._job + at.images, self._pictures.put(self._machine, call))
        rows, behind = packed(self._job + at.room)
        self._put(self._job, bytes(self._block(call)))
        self._put(self._job + at.params, rows)
        if behind != self._behind:  # files may be large, and are the same from frame to frame
            self._put(self._job + at.room, behind)
            self._behind = behind

    def _put(self, pointer: int, data: bytes) -> None:
        if data:
            self._machine.room(pointer, len(data))[...] = memoryview(data)

    def _check_status(self, name: str, status: int) -> None:
        if status == 0:
            return
        signed = status - (1 << 32) if status >> 31 else status
        words = self._message()
        raise GuestError("status", f"it says: {words}" if words else f"{name} returned {signed}")

    def _message(self) -> str:
        """The guest's words: from our own pointer, with a length that is believed only in bounds."""
        length = self._written("message_length")
        if length > self.layout.message:
            return f"(a message of {length} bytes where {self.layout.message} are)"
        words = self._bytes(self.layout.offsets.message, length)
        return printable(words.decode("utf-8", "replace"), 400)

    def _written(self, name: str) -> int:
        return int(JOB.read(self._bytes(0, JOB.size), name))

    def _bytes(self, offset: int, size: int) -> bytes:
        """A part of the control block as it stands now."""
        return self._machine.read([(self._job + offset, size)])[0].tobytes()
