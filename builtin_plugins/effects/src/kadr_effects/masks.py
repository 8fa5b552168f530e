"""Transitions by a mask: at every place, how much of the incoming picture shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kadr_sdk.effects import FrameCall
from kadr_sdk.frames import VideoFrame, pixel_format

from kadr_effects.mixing import mix_plane, mix_straight, weight_bits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.float64]

__all__ = ["Field", "Masked", "copied", "smoothstep"]


@dataclass(frozen=True, slots=True)
class Field:
    """The picture's pixels and how far the transition has come.

    Attributes:
        x, y: column numbers of shape (1, width), row numbers of shape (height, 1).
        done: progress within 0 and 1, both ends excluded.
    """

    x: Mask
    y: Mask
    width: int
    height: int
    done: float

    def toward(self, direction: str) -> Mask:
        """Distance that a movement has still to go, 0 at the edge that it goes to, below 1."""
        if direction in ("left", "right"):
            return (self.x if direction == "left" else self.width - 1 - self.x) / self.width
        return (self.y if direction == "up" else self.height - 1 - self.y) / self.height

    def radius(self) -> Mask:
        """Distance from the centre in pixels."""
        import numpy as np

        x, y = self.x - self.width // 2, self.y - self.height // 2
        return np.sqrt(x * x + y * y)

    @property
    def reach(self) -> float:
        """Distance of the corner from the centre in pixels."""
        import numpy as np

        x, y = self.width // 2, self.height // 2
        return max(float(np.sqrt(float(x * x + y * y))), 1.0)


class Masked:
    """Base of such transitions; a subclass says the mask.

    The first frame is the outgoing picture, progress 1 the incoming one, whatever the mask says.
    """

    def incoming(self, field: Field, call: FrameCall) -> Mask:
        """Weight of the incoming picture, 0..1 (cut to it), of a shape that spreads to the picture's."""
        raise NotImplementedError

    def frame(self, call: FrameCall) -> VideoFrame:
        """Mixed by the mask, exact at 0 and 1."""
        import numpy as np

        outgoing, incoming = call.inputs[0][0], call.inputs[1][0]
        if (whole := copied(call)) is not None:
            return whole
        columns, rows = np.arange(call.width, dtype=np.float64), np.arange(call.height, dtype=np.float64)
        field = Field(columns[None, :], rows[:, None], call.width, call.height, call.progress)
        return _mixed(outgoing, incoming, self.incoming(field, call))


def copied(call: FrameCall) -> VideoFrame | None:
    """One of both pictures where progress is at an end or beyond it (easings overshoot)."""
    if 0.0 < call.progress < 1.0:
        return None
    return call.inputs[0 if call.progress <= 0.0 else 1][0].copy()


def smoothstep(low: float, high: float, value: Any) -> Any:
    """0 at ``low``, 1 at ``high``, a cubic between (Hermite, as in GLSL)."""
    import numpy as np

    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _mixed(a: VideoFrame, b: VideoFrame, mask: Mask) -> VideoFrame:
    import numpy as np

    layout, out = pixel_format(a.format), a.like()
    full = np.rint(np.clip(mask, 0.0, 1.0) * (1 << weight_bits(layout.depth))).astype(np.uint32)
    across, down = layout.log2_chroma
    small = full[:: 1 << down, :: 1 << across]
    weights = [full, small, small, full]
    if layout.alpha:
        mix_straight(a, b, weights, out)
    else:
        for target, x, y, w in zip(out.planes, a.planes, b.planes, weights, strict=False):
            target[...] = mix_plane(x, y, w, layout.depth)
    return out
