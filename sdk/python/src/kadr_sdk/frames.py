"""Video frames and audio blocks over numpy planes.

Pixels of a native chain stay in the backend's own frames; these types are what Python
effects, generators and analyzers see. Planes are in FFmpeg's order (Y, U, V, A or
G, B, R, A for planar RGB; one packed plane of shape (h, w, 4) for ``rgba``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from kadr_sdk.color import UNKNOWN, Color
from kadr_sdk.media import ZERO

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Plane = NDArray[Any]

__all__ = ["FORMATS", "AudioBlock", "PixelFormat", "VideoFrame", "pixel_format"]


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """A pixel format that frames may have where Python sees them.

    Attributes:
        name: FFmpeg's name.
        depth: bits per component (stored in 8 or 16 bit words, little end of the word used).
        planes: number of planes.
        log2_chroma: horizontal and vertical subsampling of planes 1 and 2 as powers of two.
        alpha: the last plane (or channel) is alpha, straight.
        rgb: red, green and blue instead of luma and chroma.
        packed: components interleaved in one plane of shape (height, width, channels).
    """

    name: str
    depth: int
    planes: int
    log2_chroma: tuple[int, int] = (0, 0)
    alpha: bool = False
    rgb: bool = False
    packed: int = 0

    def plane_size(self, plane: int, width: int, height: int) -> tuple[int, int]:
        """Width and height of a plane; chroma edges are rounded outwards."""
        if self.rgb or plane not in (1, 2):
            return width, height
        horizontal, vertical = self.log2_chroma
        return -(-width >> horizontal), -(-height >> vertical)

    def frame_bytes(self, width: int, height: int) -> int:
        """Bytes of one frame without padding."""
        word = 1 if self.depth <= 8 else 2
        if self.packed:
            return width * height * self.packed * word
        sizes = (self.plane_size(p, width, height) for p in range(self.planes))
        return word * sum(w * h for w, h in sizes)


def _table() -> dict[str, PixelFormat]:
    rows = [PixelFormat("gray", 8, 1), PixelFormat("gray10le", 10, 1), PixelFormat("gray16le", 16, 1)]
    rows += [PixelFormat("rgb24", 8, 1, rgb=True, packed=3)]
    rows += [PixelFormat("rgba", 8, 1, alpha=True, rgb=True, packed=4)]
    rows += [PixelFormat("rgba64le", 16, 1, alpha=True, rgb=True, packed=4)]
    rows += [PixelFormat("gbrp", 8, 3, rgb=True), PixelFormat("gbrap", 8, 4, alpha=True, rgb=True)]
    for chroma, name in (((1, 1), "420"), ((1, 0), "422"), ((0, 0), "444")):
        for depth, suffix in ((8, "p"), (10, "p10le"), (12, "p12le"), (16, "p16le")):
            rows.append(PixelFormat(f"yuv{name}{suffix}", depth, 3, chroma))
            if depth in (8, 10, 16):
                rows.append(PixelFormat(f"yuva{name}{suffix}", depth, 4, chroma, alpha=True))
    return {row.name: row for row in rows}


FORMATS: dict[str, PixelFormat] = _table()
"""Every format that may be planned, by FFmpeg's name."""


def pixel_format(name: str) -> PixelFormat:
    """The format of that name.

    Raises:
        ValueError: not a format that kadr plans with.
    """
    try:
        return FORMATS[name]
    except KeyError:
        raise ValueError(f"{name!r} is not a pixel format that kadr plans with") from None


@dataclass(slots=True)
class VideoFrame:
    """A picture over numpy planes; whoever allocates, frees.

    Attributes:
        planes: arrays of shape (height, width), or (height, width, channels) when packed;
            uint8 for 8 bit, uint16 for more. They may be views with strides: never assume
            contiguity, never write to an input's planes.
        format: FFmpeg's name.
        width, height: of the picture in pixels.
        color: what the numbers mean.
        time: seconds since the start of the clip.
    """

    planes: Sequence[Plane]
    format: str
    width: int
    height: int
    color: Color = UNKNOWN
    time: Fraction = ZERO

    @classmethod
    def empty(cls, format: str, width: int, height: int, color: Color = UNKNOWN) -> VideoFrame:
        """A frame of uninitialised planes."""
        import numpy as np

        layout = pixel_format(format)
        word = np.uint8 if layout.depth <= 8 else np.uint16
        if layout.packed:
            return cls([np.empty((height, width, layout.packed), word)], format, width, height, color)
        sizes = [layout.plane_size(p, width, height) for p in range(layout.planes)]
        return cls([np.empty((h, w), word) for w, h in sizes], format, width, height, color)

    def like(self) -> VideoFrame:
        """An uninitialised frame of the same size, format, colour and time."""
        frame = VideoFrame.empty(self.format, self.width, self.height, self.color)
        frame.time = self.time
        return frame

    def copy(self) -> VideoFrame:
        """A deep copy."""
        planes = [plane.copy() for plane in self.planes]
        return VideoFrame(planes, self.format, self.width, self.height, self.color, self.time)


@dataclass(slots=True)
class AudioBlock:
    """Sound as planar float32.

    Attributes:
        samples: array of shape (channels, n), nominal range -1..1.
        rate: samples per second.
        first: number of the first sample since the start of the stream.
        layout: FFmpeg's channel layout name.
    """

    samples: NDArray[np.float32]
    rate: int
    first: int = 0
    layout: str = "stereo"
    metadata: dict[str, str] = field(default_factory=dict)
