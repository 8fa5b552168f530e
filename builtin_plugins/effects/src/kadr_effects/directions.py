"""Four directions as one: views of planes in which a movement always goes to the left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kadr_sdk.frames import VideoFrame, pixel_format

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[Any]

__all__ = ["edges", "toward_left"]


def toward_left(plane: Plane, direction: str) -> Plane:
    """A view of the plane, turned so that ``direction`` points to the left."""
    upright = plane.T if direction in ("up", "down") else plane
    return upright[:, ::-1] if direction in ("right", "down") else upright


def edges(frame: VideoFrame, direction: str, progress: float) -> list[int]:
    """How many columns of each (turned) plane a movement has covered, on the grid of chroma."""
    across = pixel_format(frame.format).log2_chroma[1 if direction in ("up", "down") else 0]
    length = frame.height if direction in ("up", "down") else frame.width
    small = -(-length >> across)
    covered = round(min(max(progress, 0.0), 1.0) * small)
    full = min(covered << across, length)
    return [covered if number in (1, 2) else full for number in range(len(frame.planes))]
