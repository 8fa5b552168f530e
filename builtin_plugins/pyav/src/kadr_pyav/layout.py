"""How a pixel format lies in memory, as far as filters need to know."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from av.video.format import VideoFormat
from kadr_sdk.color import Color
from kadr_sdk.frames import FORMATS

__all__ = ["ChromaPosition", "Layout", "layout_of"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Depth, subsampling (powers of two), alpha and colour family of a format."""

    name: str
    depth: int
    log2_chroma: tuple[int, int]
    alpha: bool
    rgb: bool
    planned: bool

    @property
    def subsampled(self) -> bool:
        """True where chroma has fewer samples than luma."""
        return self.log2_chroma != (0, 0)

    @property
    def full(self) -> str:
        """The planar format of the same family and depth with all samples."""
        depth = next(d for d in (8, 10, 12, 16) if d >= self.depth)
        tail = "" if depth == 8 else f"{depth}le"
        if self.rgb:
            return f"gbr{'a' if self.alpha else ''}p{tail}"
        if self.alpha:
            depth = 16 if depth == 12 else depth
            return f"yuva444p{'' if depth == 8 else f'{depth}le'}"
        return f"yuv444p{tail}"


@lru_cache(maxsize=64)
def layout_of(name: str) -> Layout:
    """The layout of a format by FFmpeg's name."""
    known = FORMATS.get(name)
    if known is not None:
        return Layout(name, known.depth, known.log2_chroma, known.alpha, known.rgb, True)
    found = VideoFormat(name)
    chroma = (_halvings(found.chroma_width(16)), _halvings(found.chroma_height(16)))
    depth = max(c.bits for c in found.components)
    alpha = any(c.is_alpha for c in found.components) or name == "pal8"
    return Layout(name, depth, chroma, alpha, bool(found.is_rgb) or found.has_palette, False)


def _halvings(size: int) -> int:
    return (16 // size).bit_length() - 1 if size else 0


@dataclass(frozen=True, slots=True)
class ChromaPosition:
    """Where the first chroma sample lies, in 1/256 of a luma pixel from the first luma sample."""

    h: int
    v: int

    @classmethod
    def of(cls, layout: Layout, color: Color) -> ChromaPosition:
        """By the name of the location; video without one is sited as MPEG-2 and H.264: left."""
        name = "left" if color.chroma == "unknown" else color.chroma
        h = 128 if name in ("center", "top", "bottom") else 0
        v = {"t": 0, "b": 256}.get(name[0], 128)
        sub = layout.log2_chroma
        return cls(h if sub[0] else 0, v if sub[1] else 0)

    def mirrored(self, width: int, log2: int) -> ChromaPosition:
        """After flipping left to right a picture of this many columns."""
        return ChromaPosition(_flip(self.h, width, log2), self.v)

    def turned_over(self, height: int, log2: int) -> ChromaPosition:
        """After flipping top to bottom a picture of this many rows."""
        return ChromaPosition(self.h, _flip(self.v, height, log2))

    def transposed(self) -> ChromaPosition:
        """After swapping rows and columns."""
        return ChromaPosition(self.v, self.h)


def _flip(position: int, size: int, log2: int) -> int:
    samples = -(-size >> log2)
    return 256 * (size - 1 - ((samples - 1) << log2)) - position if log2 else 0
