"""A place that coordinator and workers reach, by fsspec: media by digest, parts by name."""

from __future__ import annotations

import shutil
import threading
import uuid
from pathlib import Path
from typing import Any

from kadr_sdk.errors import StorageError

__all__ = ["Store"]

_BLOCK = 1 << 20


class Store:
    """Files in a shared folder or an object store. Safe to use from any thread.

    Args:
        address: ``s3://bucket/render``, or ``file://`` and a shared folder; any that fsspec knows.

    Raises:
        StorageError: fsspec does not know the address.
    """

    def __init__(self, address: str) -> None:
        import fsspec  # type: ignore[import-untyped]  # it has no types

        self.address = address
        self._lock = threading.Lock()
        try:
            self._files, self._root = fsspec.core.url_to_fs(address)
        except (ValueError, ImportError, OSError) as error:
            raise StorageError(f"the store cannot be used: {error}", path=address) from None

    def put(self, name: str, source: str | Path) -> None:
        """Put a file where it is not there; whole or not at all."""
        target = self._path(name)
        with self._lock, self._trouble(name):
            if self._files.exists(target):
                return
            self._files.makedirs(self._root, exist_ok=True)
            part = f"{target}.{uuid.uuid4().hex}"
            self._files.put_file(str(source), part)
            self._files.mv(part, target)

    def get(self, name: str, target: Path) -> bool:
        """Copy to a local file, whole or not at all; False where there is none."""
        with self._trouble(name):
            if not self._files.exists(self._path(name)):
                return False
            part = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
            with self._files.open(self._path(name), "rb") as source, part.open("wb") as file:
                shutil.copyfileobj(source, file, _BLOCK)
            part.replace(target)
            return True

    def take(self, name: str, target: Path) -> None:
        """Get a file and remove it from the store.

        Raises:
            StorageError: it is not there.
        """
        if not self.get(name, target):
            raise StorageError("a finished part is not in the store", path=f"{self.address}/{name}")
        with self._trouble(name):
            self._files.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    def _trouble(self, name: str) -> Any:
        return _Trouble(f"{self.address}/{name}")


class _Trouble:
    """Errors of a store as ours."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, OSError | ValueError):
            raise StorageError(f"the store fails: {error}", path=self._path) from error
