"""Sharpen: an unsharp mask on luma."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kadr_sdk.curves import Samples
from kadr_sdk.effects import FilterContext, FilterSpec, FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.boxes import blur_plane

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Sharpen"]

_MOST_TAPS = 12  # ``unsharp`` takes no more in both directions together
_BITS = 16


class Sharpen:
    """``Y + amount * (Y - blurred Y)``.

    The blur is binomial, of the even number of steps whose variance is nearest to
    ``radius`` squared, up to 12 steps (radius 1.7), and a Gaussian beyond. Overshoot may use
    head- and footroom.
    """

    def filters(self, values: Mapping[str, Any], at: FilterContext) -> Sequence[FilterSpec] | None:
        """``unsharp`` at 8 bit for constant values: it refuses commands, and at 10 bit is wrong.

        (With more than 8 bits it weakens the amount by 256 and lets overshoot leave the range.)
        """
        steps = _steps(float(values["radius"]))
        amount = values["amount"]
        if isinstance(amount, Samples) or pixel_format(at.format).depth != 8 or steps > _MOST_TAPS:
            return None
        return [
            FilterSpec.of(
                "unsharp", luma_msize_x=steps + 1, luma_msize_y=steps + 1, luma_amount=float(amount)
            )
        ]

    def frame(self, call: FrameCall) -> VideoFrame:
        """The integers of libavfilter's ``unsharp``, at every depth."""
        import numpy as np

        source, out = call.inputs[0][0], call.inputs[0][0].like()
        for number, plane in enumerate(source.planes):
            out.planes[number][...] = plane
        luma = source.planes[0].astype(np.int64)
        radius, amount = float(call.values["radius"]), int(float(call.values["amount"]) * (1 << _BITS))
        steps = _steps(radius)
        if steps <= _MOST_TAPS:
            soft = _binomial(luma, steps)
        else:
            soft = blur_plane(source.planes[0], radius, radius).astype(np.int64)
        peak = (1 << pixel_format(source.format).depth) - 1
        out.planes[0][...] = np.clip(luma + (((luma - soft) * amount) >> _BITS), 0, peak)
        return out


def _steps(radius: float) -> int:
    return max(2, 2 * round(2 * radius * radius))


def _binomial(luma: NDArray[np.int64], steps: int) -> NDArray[np.int64]:
    """Neighbours added up ``steps`` times along both axes, edges repeated, rounded half up."""
    import numpy as np

    total = np.pad(luma, steps // 2, mode="edge")
    for _ in range(steps):
        total = total[:, :-1] + total[:, 1:]
    for _ in range(steps):
        total = total[:-1] + total[1:]
    return (total + (1 << (2 * steps - 1))) >> (2 * steps)
