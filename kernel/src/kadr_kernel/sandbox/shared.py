"""Memory that kadr and the process of a guest both see, for frames on their way."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
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
    """

    def __init__(self, size: int = 0, name: str = "") -> None:
        self._own = not name
        self._block = _attached(name) if name else SharedMemory(create=True, size=size)
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
