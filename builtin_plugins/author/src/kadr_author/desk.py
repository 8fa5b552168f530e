"""What every command of an author works with."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from kadr_sdk.plugin import Kernel, PluginContext

__all__ = ["Desk"]

_MOST_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Desk:
    """The kernel, and a folder for what compilers keep between builds."""

    kernel: Kernel
    context: PluginContext

    @property
    def cache(self) -> Path:
        """The folder; emptied where compilers have put more than 1 GiB there."""
        folder = self.context.storage / "compilers"
        if folder.is_dir() and _size(folder) > _MOST_BYTES:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _size(folder: Path) -> int:
    found = 0
    for path in folder.rglob("*"):
        try:
            found += path.stat().st_size
        except OSError:  # another build has just taken it away
            continue
    return found
