"""Plan nodes carried out in plain numpy: slow, short, and easy to trust."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from kadr_sdk.backend import RenderContext
from kadr_sdk.color import Color
from kadr_sdk.curves import value_at
from kadr_sdk.effects import FrameCall
from kadr_sdk.errors import NotSupportedError
from kadr_sdk.frames import VideoFrame, pixel_format
from kadr_sdk.plan import Call, Conform, Decode, Montage, Node, Place, Solid

__all__ = ["render_node"]

_Decoder = Callable[[str, Fraction], VideoFrame]


def render_node(node: Node, frame: int, context: RenderContext, decode: _Decoder) -> VideoFrame:
    """One frame of a node; native nodes are not supported here."""
    if isinstance(node, Decode):
        return decode(node.source.path, node.times.at(frame))
    if isinstance(node, Solid):
        return _solid(node.rgba, node.format, node.width, node.height, node.color)
    if isinstance(node, Conform):
        return _conform(node, render_node(node.input, frame, context, decode))
    if isinstance(node, Place):
        base = render_node(node.base, frame, context, decode)
        return _place(node, base, render_node(node.layer, frame, context, decode), frame)
    if isinstance(node, Montage):
        part, at = node.shown[frame]
        return render_node(node.parts[part], at, context, decode)
    if isinstance(node, Call):
        return _call(node, frame, context, decode)
    raise NotSupportedError(f"the in-memory backend has no {type(node).__name__} nodes")


def _solid(rgba: tuple[float, ...], format: str, width: int, height: int, color: Color) -> VideoFrame:
    """A frame of one colour; BT.709 limited for YUV."""
    layout = pixel_format(format)
    top = (1 << layout.depth) - 1
    red, green, blue, alpha = rgba
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    scale = 1 << (layout.depth - 8)
    parts = [16 + 219 * luma, 128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748]
    values = [round(p * scale) for p in parts] + [round(alpha * top)]
    if layout.rgb:
        values = [round(v * top) for v in (green, blue, red, alpha)]
    frame = VideoFrame.empty(format, width, height, color)
    for plane, value in zip(frame.planes, values, strict=False):
        plane[...] = value
    if layout.packed:
        frame.planes[0][...] = [round(v * top) for v in (red, green, blue, alpha)][: layout.packed]
    return frame


def _conform(node: Conform, source: VideoFrame) -> VideoFrame:
    """Nearest neighbour; between YUV formats of one depth only."""
    target = VideoFrame.empty(node.format, node.width, node.height, node.color)
    layout, came = pixel_format(node.format), pixel_format(source.format)
    for index, plane in enumerate(target.planes):
        if layout.packed:
            plane[...] = _upright(node, source.planes[0], plane.shape[:2])[..., None]
        elif index < len(source.planes) and layout.depth == came.depth:
            plane[...] = _upright(node, source.planes[index], plane.shape)
        else:
            plane[...] = (1 << layout.depth) - 1  # alpha that the source has not
    return target


def _upright(node: Conform, plane: Any, shape: tuple[int, int]) -> Any:
    turned = np.rot90(plane, -node.rotation // 90)
    turned = turned[:, ::-1] if node.mirrored else turned
    height, width = turned.shape
    upright = node.input.height if node.rotation % 180 == 0 else node.input.width
    share = height / upright
    left, top, right, bottom = (round(c * share) for c in node.crop)
    cut = turned[top : height - bottom, left : width - right]
    rows = np.arange(shape[0]) * cut.shape[0] // shape[0]
    columns = np.arange(shape[1]) * cut.shape[1] // shape[1]
    return cut[rows][:, columns]


def _place(node: Place, base: VideoFrame, layer: VideoFrame, frame: int) -> VideoFrame:
    """Static, upright layers over opaque canvases, nearest neighbour."""
    numbers = (node.x, node.y, node.layer_width, node.layer_height, node.opacity)
    x, y, width, height, opacity = (_number(value_at(v, frame)) for v in numbers)
    result = base.copy()
    layout = pixel_format(base.format)
    for index, plane in enumerate(result.planes):
        sx, sy = (1, 1) if index not in (1, 2) else (1 << layout.log2_chroma[0], 1 << layout.log2_chroma[1])
        at = np.indices(plane.shape)
        u = ((at[1] + 0.5) * sx - (x - width / 2)) / width
        v = ((at[0] + 0.5) * sy - (y - height / 2)) / height
        inside = (u >= 0) & (u < 1) & (v >= 0) & (v < 1)
        cover = inside * opacity
        if pixel_format(layer.format).alpha:
            cover = cover * _look_up(layer.planes[3], u, v) / ((1 << layout.depth) - 1)
        over = _look_up(layer.planes[index], u, v) if index < 3 else (1 << layout.depth) - 1
        plane[...] = np.floor(plane * (1 - cover) + over * cover + 0.5).astype(plane.dtype)
    return result


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)


def _look_up(plane: Any, u: Any, v: Any) -> Any:
    rows = np.clip((v * plane.shape[0]).astype(int), 0, plane.shape[0] - 1)
    columns = np.clip((u * plane.shape[1]).astype(int), 0, plane.shape[1] - 1)
    return plane[rows, columns].astype(np.float64)


def _call(node: Call, frame: int, context: RenderContext, decode: _Decoder) -> VideoFrame:
    effect = context.effect(node.kind, node.effect)
    if node.sequential and frame == 0:  # frames are asked for in order
        if hasattr(effect, "reset"):
            effect.reset()
        for earlier in range(-node.lead, 0):
            effect.frame(_frame_call(node, earlier, context, decode))
    result = effect.frame(_frame_call(node, frame, context, decode))
    assert isinstance(result, VideoFrame)
    return result


def _frame_call(node: Call, frame: int, context: RenderContext, decode: _Decoder) -> FrameCall:
    before, after = node.window
    last = node.lead + node.frames + node.trail - 1
    at = [min(max(node.lead + frame + k, 0), last) for k in range(-before, after + 1)]
    inputs = [[render_node(i, k, context, decode) for k in at] for i in node.inputs]
    number = node.first + frame
    total = max(node.total, 1)
    slot = frame + node.lead if node.sequential else frame
    values = {name: value_at(value, slot) for name, value in node.values}
    progress = values.get("progress", number / total)
    return FrameCall(
        inputs,
        values,
        number,
        node.rate,
        number / node.rate,
        total / node.rate,
        _number(progress),
        node.seed,
        node.width,
        node.height,
        node.format,
        node.color,
        node.scale,
        node.purpose,
    )
