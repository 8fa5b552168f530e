"""Conform: upright, cropped, scaled and converted, as libavfilter nodes.

Where nothing changes there is no node and the frame passes untouched. Everything is named:
matrices, ranges, chroma positions. Sizes, depths and RGB are swscale's affair with
``accurate_rnd+bitexact`` (the same on every class of processor) and full chroma
interpolation; matrix and range of planar YUV are the ``colorspace`` filter's, which rounds
exactly and costs a fiftieth (not of odd sizes, not with alpha: swscale again).
Against the formulas of ITU-T H.273 the result is within one code.

A crop at an odd offset of a subsampled format, a quarter turn of 4:2:2 and a mere shift of
the chroma position go by 4:4:4, so that chroma stays where it belongs.

swscale moves 8 bits of RGB up by eight for 16: its white is 0xFF00 there, on both ways to YUV. That of
files, effects and encoders is all ones, so RGB of more than 8 bits is multiplied between the two.

Primaries and curves are converted where :mod:`kadr_pyav.gamut` says so: those of BT.601 and
BT.709 by ``colorspace`` in linear light, all else (and RGB, alpha, odd sizes) through a table of
:mod:`kadr_pyav.lattice` in RGB of 16 bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kadr_sdk.color import Color
from kadr_sdk.effects import FilterSpec
from kadr_sdk.plan import Conform

from kadr_pyav.avcolor import scale_options, setparams_options
from kadr_pyav.gamut import managed, neighbours
from kadr_pyav.lattice import WHITE_16, table_file
from kadr_pyav.layout import ChromaPosition, Layout, layout_of
from kadr_pyav.recipe import Shape

__all__ = ["FLAGS", "conform_filters", "convert_filters"]

_RECODABLE = {f"yuv{chroma}p{depth}" for chroma in (420, 422, 444) for depth in ("", "10le", "12le")}

FLAGS = "bicubic+accurate_rnd+bitexact+full_chroma_int+full_chroma_inp"


def conform_filters(node: Conform, shape: Shape) -> tuple[FilterSpec, ...]:
    """The nodes that carry out a conform of frames of that shape; none where nothing changes."""
    chain = _Chain.begin(replace(shape, color=node.color_from), node.peak)
    chain.turn(node.rotation, node.mirrored)
    chain.crop(*node.crop)
    chain.convert(Shape(node.width, node.height, node.format, node.color))
    if not chain.nodes and _tags(shape.color) != _tags(node.color):
        chain.add("setparams", **setparams_options(node.color))
    return tuple(chain.nodes)


def convert_filters(shape: Shape, target: Shape) -> tuple[FilterSpec, ...]:
    """The nodes from one shape to another; none where they are the same."""
    chain = _Chain.begin(shape)
    chain.convert(target)
    return tuple(chain.nodes)


@dataclass(slots=True)
class _Chain:
    """Nodes so far, and what the frames behind them are."""

    shape: Shape
    position: ChromaPosition
    nodes: list[FilterSpec]
    peak: float = 0.0
    scaled: bool = False
    """RGB of 16 bit in which white is 0xFF00, as swscale has it."""

    @classmethod
    def begin(cls, shape: Shape, peak: float = 0.0) -> _Chain:
        color = shape.color.filled(shape.width, shape.height, rgb=layout_of(shape.format).rgb)
        shape = replace(shape, color=replace(color, chroma=shape.color.chroma))
        return cls(shape, ChromaPosition.of(layout_of(shape.format), shape.color), [], peak)

    @property
    def layout(self) -> Layout:
        return layout_of(self.shape.format)

    def add(self, name: str, **options: object) -> None:
        self.nodes.append(FilterSpec.of(name, **options))

    def turn(self, rotation: int, mirrored: bool) -> None:
        """Quarter turns clockwise, then left to right."""
        log2 = self.layout.log2_chroma
        uneven = rotation % 180 != 0 and log2[0] != log2[1]
        if (rotation or mirrored) and (uneven or not self.layout.planned):
            self.widen()
        if rotation % 180:
            self._quarter(clockwise=rotation == 90)
        if rotation == 180:
            self._over()
        if mirrored != (rotation == 180):
            self._mirror()

    def _quarter(self, *, clockwise: bool) -> None:
        shape, log2 = self.shape, self.layout.log2_chroma
        self.add("transpose", dir="clock" if clockwise else "cclock")
        self.shape = replace(shape, width=shape.height, height=shape.width)
        swapped = self.position.transposed()
        if clockwise:
            self.position = swapped.mirrored(self.shape.width, log2[0])
        else:
            self.position = swapped.turned_over(self.shape.height, log2[1])

    def _mirror(self) -> None:
        self.add("hflip")
        self.position = self.position.mirrored(self.shape.width, self.layout.log2_chroma[0])

    def _over(self) -> None:
        self.add("vflip")
        self.add("copy")  # vflip only turns the strides negative, which nothing behind libav can read
        self.position = self.position.turned_over(self.shape.height, self.layout.log2_chroma[1])

    def crop(self, left: int, top: int, right: int, bottom: int) -> None:
        """Cut pixels off the four sides."""
        if not any((left, top, right, bottom)):
            return
        log2 = self.layout.log2_chroma
        if not self.layout.planned or left % (1 << log2[0]) or top % (1 << log2[1]):
            self.widen()
        width, height = self.shape.width - left - right, self.shape.height - top - bottom
        self.add("crop", w=width, h=height, x=left, y=top, exact=1)
        self.shape = replace(self.shape, width=width, height=height)

    def widen(self) -> None:
        """Give every pixel its own chroma, in a planar format."""
        self._scale(replace(self.shape, format=self.layout.full), ChromaPosition(0, 0))

    def convert(self, target: Shape) -> None:
        """Scale and convert to what is wanted."""
        layout = layout_of(target.format)
        position = ChromaPosition.of(layout, target.color)
        resized = (target.width, target.height) != (self.shape.width, self.shape.height)
        if resized and self.layout.alpha and layout.alpha:
            self._resize_by_weight(target)
            resized = False
        # swscale copies planes of the same size and so would not move their chroma.
        if self.layout.subsampled and not resized and _moved(self, layout, position):
            self.widen()
        near = neighbours(self.shape.color, target.color)
        if managed(self.shape.color, target.color) or (near and not _recodable(self.shape, target)):
            self._grade(target)
            resized = near = False
        recoded = near or self._recoded(target, layout)
        apart = recoded and _recodable(self.shape, target)
        if resized or self.shape.format != target.format or (recoded and not apart) or self.scaled:
            same = replace(target, color=self.shape.color)
            self._scale(same if apart else target, position)
        if apart:
            self.add("colorspace", **_recoding(self.shape, target))
        if self.nodes:
            self.add("setsar", sar="1/1")
            self.add("setparams", **setparams_options(target.color))

    def _grade(self, target: Shape) -> None:
        """To the target's size, primaries and curve, in RGB of 16 bit."""
        before = self.shape.color
        name = f"gbr{'a' if self.layout.alpha else ''}p16le"
        rgb = replace(before, matrix="gbr", range="pc")
        if self._ones:
            self._lower_white()
        self._plain(replace(target, format=name, color=rgb), ChromaPosition(0, 0))
        self.scaled = True
        self.add("lut3d", file=table_file(before, target.color, self.peak), interp="tetrahedral")
        self.shape = replace(self.shape, color=replace(target.color, matrix="gbr", range="pc"))

    def _resize_by_weight(self, target: Shape) -> None:
        """Resize straight alpha without a rim of what is hidden: multiplied by it on the way."""
        color = self.shape.color
        if self.layout.rgb:
            color = replace(color, matrix=target.color.matrix, range=target.color.range)
        deep = max(self.layout.depth, layout_of(target.format).depth) > 10
        whole = Shape(self.shape.width, self.shape.height, f"yuva444p{16 if deep else 10}le", color)
        self._scale(whole, ChromaPosition(0, 0))
        self.add("premultiply", inplace=1)
        self._scale(replace(whole, width=target.width, height=target.height), ChromaPosition(0, 0))
        self.add("unpremultiply", inplace=1)

    def _recoded(self, target: Shape, layout: Layout) -> bool:
        before, after = self.shape.color, target.color
        matrix = not layout.rgb and "unknown" not in (before.matrix, after.matrix)
        recoded = matrix and before.matrix != after.matrix
        return recoded or ("unknown" not in (before.range, after.range) and before.range != after.range)

    @property
    def _ones(self) -> bool:
        """RGB of more than 8 bits in which white is all ones."""
        return self.layout.rgb and self.layout.depth > 8 and not self.scaled

    def _scale(self, target: Shape, position: ChromaPosition) -> None:
        """To a size and format; white stays white."""
        after = layout_of(target.format)
        deep = after.rgb and after.depth > 8
        if self._ones and not deep:
            self._lower_white()
        if deep and not self._ones:
            self._plain(replace(target, format=_rgb16(after)), ChromaPosition(0, 0))
            most = WHITE_16 / _white_of(after)
            self.add("colorlevels", rimax=most, gimax=most, bimax=most)
            self.scaled = False
        if (self.shape.width, self.shape.height, self.shape.format) != (
            target.width,
            target.height,
            target.format,
        ) or not deep:
            self._plain(target, position)

    def _lower_white(self) -> None:
        layout = self.layout
        if self.shape.format != _rgb16(layout):
            self._plain(replace(self.shape, format=_rgb16(layout)), ChromaPosition(0, 0))
        factor = f"val*{WHITE_16}/{_white_of(layout)}+0.5"
        self.add("lutrgb", r=factor, g=factor, b=factor)
        self.scaled = True

    def _plain(self, target: Shape, position: ChromaPosition) -> None:
        self.scaled = False
        options: dict[str, object] = {"w": target.width, "h": target.height, "flags": FLAGS}
        options |= _meaning(self.shape, "in") | _sited(self.layout, self.position, "in")
        after = layout_of(target.format)
        options |= _meaning(target, "out") | _sited(after, position, "out")
        self.add("scale", **options)
        self.add("format", pix_fmts=target.format)
        self.shape, self.position = target, position


def _rgb16(layout: Layout) -> str:
    return f"gbr{'a' if layout.alpha else ''}p16le"


def _white_of(layout: Layout) -> int:
    """White of RGB of that depth, moved up to 16 bit."""
    return ((1 << layout.depth) - 1) << (16 - layout.depth)


def _recodable(shape: Shape, target: Shape) -> bool:
    """True for what the colorspace filter takes: planar YUV of even size, without subsampling too."""
    even = not (target.width % 2 or target.height % 2)
    return even and target.format in _RECODABLE and not layout_of(shape.format).rgb


def _recoding(shape: Shape, target: Shape) -> dict[str, object]:
    before, after = _meaning(shape, "in"), _meaning(target, "out")
    meaning = {"ispace": before["in_color_matrix"], "irange": before["in_range"]}
    meaning |= {"space": after["out_color_matrix"], "range": after["out_range"]}
    curves = {"itrc": "bt709", "trc": "bt709"}  # one for all of SDR, so that greys stay
    light: dict[str, object] = {"iprimaries": "bt709", "primaries": "bt709", "fast": 1}
    if neighbours(shape.color, target.color):
        light = {"iprimaries": shape.color.primaries, "primaries": target.color.primaries, "fast": 0}
    return {**meaning, **curves, **light, "format": target.format.removesuffix("le")}


def _moved(chain: _Chain, layout: Layout, position: ChromaPosition) -> bool:
    return chain.layout.log2_chroma == layout.log2_chroma and position != chain.position


def _meaning(shape: Shape, side: str) -> dict[str, object]:
    rgb = layout_of(shape.format).rgb
    color = shape.color.filled(shape.width, shape.height, rgb=rgb)
    known = scale_options(Color(color.matrix, range=color.range), side)
    if rgb:
        known.pop(f"{side}_color_matrix", None)
    return dict(known)


def _sited(layout: Layout, position: ChromaPosition, side: str) -> dict[str, object]:
    sited: dict[str, object] = {}
    if layout.log2_chroma[0]:
        sited[f"{side}_h_chr_pos"] = position.h
    if layout.log2_chroma[1]:
        sited[f"{side}_v_chr_pos"] = position.v
    return sited


def _tags(color: Color) -> tuple[str, ...]:
    return color.matrix, color.primaries, color.transfer, color.range
