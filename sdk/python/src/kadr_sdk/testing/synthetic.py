"""Synthetic pictures and sound with known truth: a barcode per frame, clicks, tones."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kadr_sdk.color import BT709, Color
from kadr_sdk.frames import VideoFrame, pixel_format

__all__ = ["BITS", "barcode_frame", "clicks", "read_barcode", "tone"]

BITS = 20
"""Bits of a barcode: frame numbers up to a million."""


def barcode_frame(
    number: int, width: int = 320, height: int = 180, format: str = "yuv420p", color: Color = BT709
) -> VideoFrame:
    """A frame whose top third holds its number as black and white bars, with a parity bar.

    The rest is a grey ramp that moves with the number, so that neighbours differ. Survives
    lossy encoding, scaling and conversion; read it with :func:`read_barcode`.

    Raises:
        ValueError: the number does not fit, or the width is below two pixels a bar.
    """
    bars = BITS + 2
    if not 0 <= number < (1 << BITS) - 1 or width < 2 * bars:  # all bars white could not be told apart
        raise ValueError("a barcode holds 0 .. 2^20 - 2 and needs two pixels a bar")
    layout = pixel_format(format)
    frame = VideoFrame.empty(format, width, height, color)
    top = (1 << layout.depth) - 1
    black, white = (16 << (layout.depth - 8), 235 << (layout.depth - 8)) if not layout.rgb else (0, top)
    luma = _luma(number, width, height, bars, black, white)
    for index, plane in enumerate(frame.planes):
        if layout.packed or layout.rgb or index == 0:
            plane[...] = luma[..., None] if layout.packed else luma
        elif index == 3:
            plane[...] = top
        else:
            plane[...] = 1 << (layout.depth - 1)
    if layout.packed == 4:
        frame.planes[0][..., 3] = top
    return frame


def _luma(number: int, width: int, height: int, bars: int, black: int, white: int) -> NDArray[np.int64]:
    bits = [1] + [(number >> (BITS - 1 - i)) & 1 for i in range(BITS)]
    bits.append(sum(bits) & 1)
    columns = np.arange(width) * bars // width
    row = np.where(np.array(bits)[columns], white, black)
    ramp = (np.arange(width)[None, :] + np.arange(height)[:, None] + 3 * number) % 256
    luma = black + ramp * (white - black) // 255
    luma[: height // 3] = row
    return np.asarray(luma, dtype=np.int64)


def read_barcode(luma: NDArray[Any]) -> int | None:
    """The number in a luma plane (height, width) of any depth, None where none is readable."""
    height, width = luma.shape
    bars = BITS + 2
    band = luma[height // 12 : max(height // 4, height // 12 + 1)].astype(np.float64).mean(axis=0)
    middle = (band.max() + band.min()) / 2
    if band.max() - band.min() < 32:
        return None
    centres = ((np.arange(bars) + 0.5) * width / bars).astype(int)
    bits = [int(band[c] > middle) for c in centres]
    if bits[0] != 1 or bits[-1] != sum(bits[:-1]) & 1:
        return None
    return int("".join(map(str, bits[1:-1])), 2)


def clicks(
    times: list[Fraction], seconds: Fraction, rate: int = 48000, channels: int = 2
) -> NDArray[np.float32]:
    """Silence with one sample of 0.9 at each time; shape (channels, samples)."""
    sound = np.zeros((channels, round(seconds * rate)), np.float32)
    for time in times:
        sound[:, round(time * rate)] = 0.9
    return sound


def tone(
    frequency: float, seconds: Fraction, rate: int = 48000, channels: int = 2, level: float = 0.25
) -> NDArray[np.float32]:
    """A sine in Hz; shape (channels, samples)."""
    at = np.arange(round(seconds * rate)) / rate
    wave = (level * np.sin(2 * np.pi * frequency * at)).astype(np.float32)
    return np.repeat(wave[None], channels, axis=0)
