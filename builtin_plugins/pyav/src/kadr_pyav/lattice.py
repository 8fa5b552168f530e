"""A colour transform as a 3D table that libavfilter's ``lut3d`` reads, one file per transform.

The table is computed once in a process and kept in its temporary folder, which goes when the
process ends.
"""

from __future__ import annotations

import tempfile
import threading
from functools import lru_cache
from pathlib import Path

import numpy as np
from kadr_sdk.color import Color

from kadr_pyav.tonemap import graded

__all__ = ["SIZE", "WHITE", "cube_text", "table_file"]

SIZE = 49
"""Points on each side of the lattice; between them lut3d goes by tetrahedra."""

WHITE = 0xFF00 / 0xFFFF
"""White as swscale puts it into RGB of 16 bit: 255 moved up by eight bits."""


def table_file(before: Color, after: Color) -> Path:
    """The ``.cube`` file from full-range RGB of one colour space to that of another."""
    return _tables().file(
        (before.primaries, before.transfer), (after.primaries, after.transfer), (before, after)
    )


def cube_text(before: Color, after: Color, size: int = SIZE) -> str:
    """The table as a ``.cube`` file (red runs fastest)."""
    axis = np.minimum(np.linspace(0, 1 / WHITE, size), 1)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
    values = WHITE * graded(np.stack([red, green, blue], axis=-1), before, after).reshape(-1, 3)
    rows = "%.6f %.6f %.6f\n" * len(values) % tuple(values.ravel().tolist())
    return f"LUT_3D_SIZE {size}\n{rows}"


class _Tables:
    """Files by transform; thread-safe."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kadr-colour-", ignore_cleanup_errors=True)
        self._lock = threading.Lock()

    def file(self, key: tuple[str, str], to: tuple[str, str], colors: tuple[Color, Color]) -> Path:
        path = Path(self._folder.name) / ("_".join((*key, "to", *to)) + ".cube")
        with self._lock:
            if not path.is_file():
                path.parent.mkdir(exist_ok=True)  # a cleaner of temporary files may have been there
                path.write_text(cube_text(*colors), "ascii")
        return path


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    return _Tables()
