"""Numbers, names and pieces of a WebAssembly binary, every read within its bounds."""

from __future__ import annotations

from kadr_kernel.sandbox.faults import ModuleError

__all__ = ["Bytes"]


class Bytes:
    """A position in a piece of a module."""

    def __init__(self, data: memoryview, what: str) -> None:
        self._data = data
        self._what = what
        self.position = 0

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self.position

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def take(self, count: int) -> memoryview:
        """The next bytes.

        Raises:
            ModuleError: there are not so many.
        """
        if count > self.left:
            raise ModuleError(f"{self._what} ends in the middle")
        begin, self.position = self.position, self.position + count
        return self._data[begin : self.position]

    def piece(self, count: int, what: str) -> Bytes:
        """The next bytes as a piece of their own."""
        return Bytes(self.take(count), what)

    def number(self) -> int:
        """An unsigned LEB128 number of 32 bits.

        Raises:
            ModuleError: longer, or larger.
        """
        value = 0
        for shift in range(0, 35, 7):
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                if value >> 32:
                    break
                return value
        raise ModuleError(f"a number in {self._what} is too large")

    def count(self, most: int, what: str) -> int:
        """How many of something follow.

        Raises:
            ModuleError: more than are taken.
        """
        found = self.number()
        if found > most:
            raise ModuleError(f"{found} {what}; at most {most} are taken")
        return found

    def name(self) -> str:
        """A UTF-8 name of at most 1000 bytes."""
        length = self.count(1000, f"bytes in a name of {self._what}")
        try:
            return str(self.take(length), "utf-8")
        except UnicodeDecodeError:
            raise ModuleError(f"a name in {self._what} is not UTF-8") from None
