"""Processes in which files that nobody vouches for are read: the parent's side.

A cell is one child that has given up whatever it does not need (:mod:`kadr_pyav.confinement`).
Whatever becomes of it, the file that it was reading is named in one error and the next question
starts another child. Nothing that it says is believed before it was checked.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kadr_sdk.children import Child, ChildEndedError
from kadr_sdk.errors import MediaFileError

__all__ = ["BLOCK", "Cell", "Cells"]

BLOCK = 32 << 20
"""Bytes shared with a child for pictures; larger ones come by its pipe."""
_MOST = 1 << 30  # bytes of one answer
_KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL")
_HINT = "it is damaged or made to do harm: leave it out"


class Cell:
    """One confined process, started when it is first asked; asked by one thread at a time.

    Args:
        memory: bytes that it may have.
        seconds: for one answer.
        module: of the child; another one in tests.
    """

    def __init__(
        self, memory: int = 2 << 30, seconds: float = 60.0, module: str = "kadr_pyav.cell_child"
    ) -> None:
        self._memory, self._seconds, self._module = memory, seconds, module
        self._lock = threading.RLock()
        self._child: Child | None = None
        self._block: mmap.mmap | None = None
        self.age = 0
        self.users = 0

    def ask(self, path: Path, head: Mapping[str, Any], *, age: int = 0) -> tuple[dict[str, Any], bytes, int]:
        """The answer to a question about a file: its head and body, and the age of the child.

        Args:
            age: of the child that the question is meant for; 0: any.

        Raises:
            MediaFileError: the file's fault, or the end of the child.
            LookupError: that child is gone; another one has not been asked.
        """
        with self._lock:
            if age and (self._child is None or age != self.age):
                raise LookupError
            try:
                child = self._child or self._start()
                child.send(dict(head) | {"path": str(path.absolute())})
                answer, body = child.receive(self._seconds)
            except TimeoutError:
                self.close()
                message = f"reading it took longer than {self._seconds:g} s and was stopped"
                raise MediaFileError(message, path=path, hint=_HINT) from None
            except ChildEndedError as error:
                self.close()
                message = f"the confined process that read it is gone: {error}"
                raise MediaFileError(message, path=path, hint=_HINT, log=error.words) from None
            self._raise(answer, path)
            return answer, body, self.age

    def _raise(self, answer: dict[str, Any], path: Path) -> None:
        told = answer.get("error")
        if told is not None:
            texts = [str(part)[:2000] for part in told] if isinstance(told, list) else []
            message, hint, log = [*texts, "", "", ""][:3]
            raise MediaFileError(message or "it cannot be read", path=path, hint=hint, log=log)

    def _start(self) -> Child:
        environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
        file, self._block = _shared(BLOCK)
        try:
            child = Child(self._module, file, str(self._memory), most=_MOST, environ=environ)
            self._child, self.age = child, self.age + 1
            child.receive(self._seconds)
        finally:
            with contextlib.suppress(OSError):  # Windows keeps it while it is open
                Path(file).unlink()
        return child

    def shared(self, size: int) -> memoryview:
        """The first bytes of what the child shares.

        Raises:
            ValueError: it cannot have so many.
        """
        if self._block is None or not 0 < size <= BLOCK:
            raise ValueError("not so many bytes are shared")
        return memoryview(self._block)[:size]

    def close(self) -> None:
        """End the child; the next question starts another."""
        with self._lock:
            child, self._child = self._child, None
            if child is not None:
                child.close()
            if self._block is not None:
                with contextlib.suppress(BufferError):  # somebody still looks at a picture in it
                    self._block.close()
                self._block = None

    def __enter__(self) -> Cell:
        """Held: no other thread's question comes between."""
        self._lock.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _shared(size: int) -> tuple[str, mmap.mmap]:
    """A file of that size in memory where there is room, else among temporary files, and its bytes."""
    for folder in ("/dev/shm", None):  # noqa: S108 - the name is made by mkstemp
        if folder is not None and not Path(folder).is_dir():
            continue
        handle, path = tempfile.mkstemp(prefix="kadr-cell-", dir=folder)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(handle, 0, size)  # or a full disk would end the child by a signal
            else:
                os.truncate(handle, size)
            return path, mmap.mmap(handle, size)
        except OSError:
            Path(path).unlink()
        finally:
            os.close(handle)
    raise MediaFileError("there is no room for reading files apart", hint="free some disk space")


class Cells:
    """A few cells; a file is read in the one that fewest use."""

    def __init__(self, most: int = 0, **options: Any) -> None:
        count = most or max(1, min(4, os.cpu_count() or 1))
        self._cells = [Cell(**options) for _ in range(count)]
        self._lock = threading.Lock()

    def borrow(self) -> Cell:
        """A cell to be given back."""
        with self._lock:
            cell = min(self._cells, key=lambda c: c.users)
            cell.users += 1
            return cell

    def give_back(self, cell: Cell) -> None:
        """It has one user less."""
        with self._lock:
            cell.users -= 1

    def told(self, path: Path, **head: Any) -> bytes:
        """The body of one answer."""
        cell = self.borrow()
        try:
            return cell.ask(path, head)[1]
        finally:
            self.give_back(cell)

    def json(self, path: Path, **head: Any) -> Any:
        """The same as data.

        Raises:
            MediaFileError: as :meth:`Cell.ask`, or the child speaks something else.
        """
        try:
            return json.loads(self.told(path, **head))
        except (ValueError, RecursionError):
            raise MediaFileError("the confined process answers nonsense", path=path, hint=_HINT) from None

    def close(self) -> None:
        """End every child."""
        for cell in self._cells:
            cell.close()
