"""A guest's memory: unsigned numbers, checked bounds, views that live as long as a call."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import wasmtime
from kadr_sdk.abi import ALIGNMENT

from kadr_kernel.sandbox.faults import GuestError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Memory", "check_block", "check_blocks"]


class Memory:
    """The linear memory of an instance."""

    def __init__(self, store: wasmtime.Store, memory: Any) -> None:
        if not isinstance(memory, wasmtime.Memory):
            raise GuestError("abi", "it exports no memory")
        self._store = store
        self._memory = memory

    @property
    def size(self) -> int:
        """Bytes it has now."""
        return int(self._memory.data_len(self._store))

    def view(self) -> NDArray[np.uint8]:
        """All of it; taken anew for every call and never kept, for it may move and grow."""
        size = self.size
        if not size:
            return np.empty(0, np.uint8)
        address = ctypes.addressof(self._memory.data_ptr(self._store).contents)
        raw: Any = (ctypes.c_ubyte * size).from_address(address)
        return np.ndarray((size,), np.uint8, raw)


def check_block(pointer: int, size: int, memory: int) -> None:
    """Refuse a block that is not wholly inside ``memory`` bytes.

    Raises:
        GuestError: it is not, or begins at 0, or is not aligned.
    """
    if pointer == 0:
        raise GuestError("memory", f"it has no {size} bytes to give")
    if pointer % ALIGNMENT:
        raise GuestError("abi", f"kadr_alloc gave {pointer:#x}, which is not {ALIGNMENT}-byte aligned")
    if pointer + size > memory:
        raise GuestError("abi", f"kadr_alloc gave {size} bytes at {pointer:#x}, outside its memory")


def check_blocks(blocks: Sequence[tuple[int, int]]) -> None:
    """Refuse blocks (pointer, size) that lie in each other.

    Raises:
        GuestError: two do.
    """
    end = 0
    for pointer, size in sorted(blocks):
        if pointer < end:
            raise GuestError("abi", f"kadr_alloc gave memory at {pointer:#x} that was given before")
        end = pointer + size
