"""Look-up table: colours by a ``.cube`` file."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kadr_sdk.effects import FrameCall

from kadr_effects.cube import Cube, Grid, read_cube
from kadr_effects.rgb import ThroughRgb, blended

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kadr_effects.rgb import Channel, Rgb

__all__ = ["Lut"]

_KEPT = 8


class Lut(ThroughRgb):
    """Lines by linear, cubes by tetrahedral interpolation; input beyond the domain is cut to it.

    What the table gives is cut to 0..1. (libavfilter's ``lut3d`` ignores the lower end of the
    domain and knows no shaper; ``lut1d`` quantises the input.) Tetrahedra: J. M. Kasson,
    S. I. Nin, W. Plouffe, J. L. Hafner, "Performing color space conversions with
    three-dimensional linear interpolation", J. Electronic Imaging 4 (1995).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables: OrderedDict[object, Cube] = OrderedDict()

    def check(self, values: Mapping[str, Any]) -> None:
        """Read the file.

        Raises:
            SerializationError: it is broken; says the line.
        """
        self._table(Path(values["file"]))

    def graded(self, rgb: Rgb, call: FrameCall) -> Rgb:
        """``in + intensity * (table(in) - in)``."""
        table = self._table(Path(call.values["file"]))
        return blended(rgb, looked_up(table, rgb), float(call.values["intensity"]))

    def _table(self, path: Path) -> Cube:
        """The table of this version of the file; the last few are kept."""
        try:
            stat = path.stat()
        except OSError:
            return read_cube(path)  # says what is wrong
        key = (path, stat.st_size, stat.st_mtime_ns, stat.st_ino)
        with self._lock:
            if key not in self._tables:
                self._tables[key] = read_cube(path)
            self._tables.move_to_end(key)
            while len(self._tables) > _KEPT:
                self._tables.popitem(last=False)
            return self._tables[key]


def looked_up(table: Cube, rgb: Rgb) -> Rgb:
    """What a table gives for colours, cut to 0..1; new arrays."""
    import numpy as np

    if table.line is not None:
        rgb = _by_line(table.line, rgb)
    if table.cube is not None:
        rgb = _by_cube(table.cube, rgb)
    zero, one = np.float32(0.0), np.float32(1.0)
    red, green, blue = (np.clip(channel, zero, one) for channel in rgb)
    return red, green, blue


def _by_line(grid: Grid, rgb: Rgb) -> Rgb:
    import numpy as np

    found = []
    for number, channel in enumerate(rgb):
        cell, part = _cells(channel, grid, number)
        column = np.ascontiguousarray(grid.rows[:, number])
        low = np.take(column, cell, mode="clip")
        found.append(low + part * (np.take(column, cell + 1, mode="clip") - low))
    red, green, blue = found
    return red, green, blue


def _by_cube(grid: Grid, rgb: Rgb) -> Rgb:
    """From the low corner of a cell along the longest part first, to the high corner last."""
    import numpy as np

    cells, parts = zip(*(_cells(c, grid, n) for n, c in enumerate(rgb)), strict=True)
    steps = (1, grid.size, grid.size * grid.size)
    corner = cells[0] + cells[1] * steps[1] + cells[2] * steps[2]
    (large, first), (middle, second), (small, _) = _sorted(parts, steps)
    near = corner + first
    path = (corner, near, near + second, corner + sum(steps))
    one = np.float32(1.0)
    weights = (one - large, large - middle, middle - small, small)
    total: list[Channel] = []
    for column in np.ascontiguousarray(grid.rows.T):
        terms = [np.take(column, at, mode="clip") * w for at, w in zip(path, weights, strict=True)]
        total.append(terms[0] + terms[1] + terms[2] + terms[3])
    return total[0], total[1], total[2]


def _cells(channel: Channel, grid: Grid, number: int) -> tuple[NDArray[np.intp], Channel]:
    """Number of the cell below each value, and the part of the way to the next."""
    import numpy as np

    low, high = grid.low[number], grid.high[number]
    place = (channel - np.float32(low)) * np.float32((grid.size - 1) / (high - low))
    place = np.clip(place, np.float32(0.0), np.float32(grid.size - 1))
    cell = np.minimum(place.astype(np.intp), grid.size - 2)
    return cell, place - cell.astype(np.float32)


def _sorted(parts: Any, steps: tuple[int, int, int]) -> list[tuple[Any, Any]]:
    """Parts in falling order, each with the step of its axis."""
    import numpy as np

    rows: list[tuple[Any, Any]] = list(zip(parts, steps, strict=True))
    for a, b in ((0, 1), (0, 2), (1, 2)):
        (x, i), (y, j) = rows[a], rows[b]
        swap = y > x
        rows[a] = (np.maximum(x, y), np.where(swap, j, i))
        rows[b] = (np.minimum(x, y), np.where(swap, i, j))
    return rows
