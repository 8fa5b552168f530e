"""Pictures for ``kadr plugin dev``: a test card, RGB in any format, two frames beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from kadr_sdk.color import BT709
from kadr_sdk.frames import VideoFrame, pixel_format
from numpy.typing import NDArray

__all__ = ["beside", "card", "in_format", "wave_picture"]

RGB = NDArray[np.float64]
_LUMA = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709-6, item 3.2


def card(width: int, height: int, turn: float = 0.0) -> RGB:
    """A test card, RGB in 0..1: hues and greys, fine lines, a disc with a soft edge.

    Args:
        turn: of the hues, in turns, so that two cards differ.
    """
    x = np.linspace(0.0, 1.0, width)[None, :]
    y = np.linspace(0.0, 1.0, height)[:, None]
    hue = (x + turn) % 1.0 * 6.0
    # A hue as red, green and blue: each a trapezium, a third of a turn apart.
    parts = [np.clip(np.abs((hue + shift) % 6.0 - 3.0) - 1.0, 0.0, 1.0) for shift in (0.0, 4.0, 2.0)]
    made = np.stack([part * (1.0 - 0.75 * y) + 0.25 * y for part in parts], axis=-1)
    ramp = np.broadcast_to((x * np.ones_like(y))[..., None], made.shape)
    made = np.where((y > 0.62)[..., None], ramp, made)
    lines = (np.arange(width) // 2 % 2)[None, :] * np.ones((height, 1))
    made = np.where((y > 0.84)[..., None], lines[..., None], made)
    away = np.hypot((x - 0.5) * width / height, y - 0.36)
    disc = np.clip((0.2 - away) * height / 4, 0.0, 1.0)[..., None]
    return np.asarray(made * (1.0 - disc) + disc, np.float64)


def in_format(picture: RGB, format: str) -> VideoFrame:
    """RGB in 0..1 as a frame (BT.709; luma of limited range)."""
    height, width = picture.shape[:2]
    layout, frame = pixel_format(format), VideoFrame.empty(format, width, height, BT709)
    top = (1 << layout.depth) - 1
    if layout.rgb:
        channels = np.round(picture * top)
        for index in range(layout.packed or layout.planes):
            source = channels[..., index if layout.packed else (1, 2, 0)[index]] if index < 3 else top
            target = frame.planes[0][..., index] if layout.packed else frame.planes[index]
            target[...] = source
        return frame
    unit = 1 << (layout.depth - 8)
    luma = picture @ np.array(_LUMA)
    frame.planes[0][...] = np.round((16 + 219 * luma) * unit)
    for index, (channel, part) in enumerate(((2, _LUMA[2]), (0, _LUMA[0])), 1):
        if layout.planes >= 3:
            difference = (picture[..., channel] - luma) / (2 * (1 - part))
            shape = frame.planes[index].shape
            frame.planes[index][...] = np.round((128 + 224 * _shrunk(difference, shape)) * unit)
    if layout.alpha:
        frame.planes[3][...] = top
    return frame


def _shrunk(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The mean of the pixels that a smaller plane's pixel stands for."""
    for axis, count in enumerate(shape):
        step = -(-values.shape[axis] // count)
        edges = np.minimum(np.arange(count * step), values.shape[axis] - 1)
        rows = np.take(values, edges, axis)
        values = rows.reshape(*rows.shape[:axis], count, step, *rows.shape[axis + 1 :]).mean(axis + 1)
    return values


def beside(frames: Sequence[VideoFrame]) -> VideoFrame:
    """Frames of one format and height in a row."""
    first = frames[0]
    planes = [np.concatenate([f.planes[i] for f in frames], axis=1) for i in range(len(first.planes))]
    return VideoFrame(planes, first.format, sum(f.width for f in frames), first.height, first.color)


def wave_picture(samples: NDArray[np.float32], width: int, height: int) -> RGB:
    """One channel of sound as light columns on dark, from the lowest to the highest sample of each."""
    edges = np.linspace(0, len(samples), width + 1).astype(int)
    made = np.full((height, width, 3), 0.1)
    made[height // 2] = 0.3
    for x, (begin, end) in enumerate(pairwise(edges)):
        piece = np.clip(samples[begin : max(end, begin + 1)], -1, 1)
        high, low = (round((1 - float(v)) / 2 * (height - 1)) for v in (piece.max(), piece.min()))
        made[high : low + 1, x] = (0.4, 0.9, 0.5)
    return made
