"""Memory that kadr and the process of a guest both see, for frames on their way."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Shared"]


class Shared:
    """A block of shared memory.

    Args:
        size: bytes, of a new block; or
        name: of a block that the other side made.

    Raises:
        OSError: there is not so much.
    """

    def __init__(self, size: int = 0, name: str = "") -> None:
        self._own = not name
        self._block = _attached(name) if name else _made(size)
        self.size = self._block.size
        buffer: Any = self._block.buf
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(buffer))

    @property
    def name(self) -> str:
        """By which the other side finds it."""
        return self._block.name

    def view(self, at: int, size: int) -> NDArray[np.uint8]:
        """Bytes of it; not to be kept beyond :meth:`close`, which ends the memory itself.

        Raises:
            ValueError: outside.
        """
        if at < 0 or size < 0 or at + size > self.size:
            raise ValueError(f"{size} bytes at {at} of {self.size}")
        raw: Any = (ctypes.c_ubyte * size).from_address(self._address + at)
        return np.ndarray((size,), np.uint8, raw)

    def close(self) -> None:
        """Give it back."""
        self._block.close()
        if self._own:
            with suppress(OSError):
                self._block.unlink()


def _made(size: int) -> SharedMemory:
    block = SharedMemory(create=True, size=size)
    fill = getattr(os, "posix_fallocate", None)
    file = Path("/dev/shm", block.name)  # noqa: S108 - where Linux has it
    try:
        if fill is not None and file.exists():
            # Linux gives pages when they are touched, and ends the process where there are none left.
            with file.open("r+b") as stream:
                fill(stream.fileno(), 0, block.size)
    except OSError:
        block.close()
        block.unlink()
        raise
    return block


def _attached(name: str) -> SharedMemory:
    if sys.version_info >= (3, 13):
        return SharedMemory(name, track=False)
    # Who attaches is taken for an owner there, and would remove the block when it ends.
    register = resource_tracker.register
    resource_tracker.register = lambda *_what: None
    try:
        return SharedMemory(name)
    finally:
        resource_tracker.register = register
