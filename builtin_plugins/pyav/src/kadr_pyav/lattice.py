"""A colour transform as a 3D table that libavfilter's ``lut3d`` reads, one file per transform.

The table is computed once in a process and kept in its temporary folder, which goes when the
process ends: libavfilter takes tables from files alone.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
import threading
from functools import lru_cache
from pathlib import Path

import numpy as np
from kadr_sdk.color import Color

from kadr_pyav.tonemap import graded

__all__ = ["SIZE", "WHITE", "WHITE_16", "cube_text", "table_file"]

SIZE = 49
"""Points on each side of the lattice; between them lut3d goes by tetrahedra."""

WHITE_16 = 0xFF00
"""White as swscale puts it into RGB of 16 bit: 255 moved up by eight bits."""
WHITE = WHITE_16 / 0xFFFF
"""The same as a fraction of all ones."""

_LOCK = threading.Lock()


def table_file(before: Color, after: Color, peak: float = 0.0) -> Path:
    """The ``.cube`` file from full-range RGB of one colour space to that of another.

    Args:
        peak: as of :func:`kadr_pyav.tonemap.graded`.

    Thread-safe; made again where a cleaner of temporary files was faster.
    """
    name = "_".join((before.primaries, before.transfer, "to", after.primaries, after.transfer))
    name += f"_{peak:g}" if peak else ""
    with _LOCK:
        path = _folder() / f"{name}.cube"
        if not path.is_file():
            path.parent.mkdir(exist_ok=True)
            path.write_text(cube_text(before, after, peak=peak), "ascii")
    return path


@lru_cache(maxsize=1)
def _folder() -> Path:
    """The folder of this process, gone when it ends."""
    folder = tempfile.mkdtemp(prefix="kadr-colour-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def cube_text(before: Color, after: Color, size: int = SIZE, peak: float = 0.0) -> str:
    """The table as a ``.cube`` file (red runs fastest).

    White lies between its last two points: the last ones are such that what lut3d makes of the two
    is the colour at white.
    """
    axis = np.minimum(np.linspace(0, 1 / WHITE, size), 1)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
    values = WHITE * graded(np.stack([red, green, blue], axis=-1), before, after, peak)
    before_last = np.minimum(np.arange(size), size - 2)
    base = values[np.ix_(before_last, before_last, before_last)]
    values = base + (values - base) / (WHITE * (size - 1) - (size - 2))
    rows = "%.6f %.6f %.6f\n" * (size**3) % tuple(values.ravel().tolist())
    return f"LUT_3D_SIZE {size}\n{rows}"
