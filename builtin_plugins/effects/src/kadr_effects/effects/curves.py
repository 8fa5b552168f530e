"""Curves: tones by curves through points, for all colours and for each."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from kadr_sdk.effects import FrameCall

from kadr_effects.rgb import ThroughRgb, from_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kadr_effects.rgb import Channel, Rgb

__all__ = ["Curves", "curve_table"]

_ENTRIES = 4097
Points = tuple[tuple[float, float], ...]


class Curves(ThroughRgb):
    """The curve of a colour, then the common one. Flat before the first and after the last point."""

    def graded(self, rgb: Rgb, call: FrameCall) -> Rgb:
        """By tables; what is beyond 0..1 keeps its distance."""
        common = curve_table(call.values["all"])
        red, green, blue = (
            _curved(channel, curve_table(call.values[name]), common)
            for channel, name in zip(rgb, ("red", "green", "blue"), strict=True)
        )
        return red, green, blue


def _curved(channel: Channel, own: Channel, common: Channel) -> Channel:
    import numpy as np

    inside = np.clip(channel, np.float32(0.0), np.float32(1.0))
    beyond = channel - inside
    return from_table(common, from_table(own, inside)) + beyond


@lru_cache(maxsize=64)
def curve_table(points: Points) -> Channel:
    """A curve through points at 4097 even steps of 0..1, never beyond its neighbouring points.

    F. N. Fritsch, J. Butland, "A method for constructing local monotone piecewise cubic
    interpolants" (1984): cubic Hermite pieces with harmonic means as slopes.
    """
    import numpy as np

    rows = sorted(dict(points).items()) or [(0.0, 0.0), (1.0, 1.0)]
    x, y = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    place = np.arange(_ENTRIES) / (_ENTRIES - 1)
    if len(rows) == 1:
        return np.full(_ENTRIES, y[0], np.float32)
    piece = np.clip(np.searchsorted(x, place, side="right") - 1, 0, len(rows) - 2)
    step, slopes = np.diff(x), _slopes(x, y)
    t = np.clip((place - x[piece]) / step[piece], 0.0, 1.0)
    rise = y[piece + 1] - y[piece]
    left, right = slopes[piece] * step[piece], slopes[piece + 1] * step[piece]
    value = y[piece] + t * (left + t * (3 * rise - 2 * left - right + t * (left + right - 2 * rise)))
    table: Channel = value.astype(np.float32)
    return table


def _slopes(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slope at every point; 0 at a turn; at the ends that of the piece, so that two points make a line."""
    import numpy as np

    pieces = np.diff(y) / np.diff(x)
    before, after = pieces[:-1], pieces[1:]
    both = before * after
    means = np.where(both > 0, 2 * both / np.where(both > 0, before + after, 1.0), 0.0)
    return np.concatenate((pieces[:1], means, pieces[-1:]))
